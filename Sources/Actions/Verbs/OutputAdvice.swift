import Base
import Glibc
import Host

/// The causes behind the last lines of well-known programs.
///
/// A rule is in the tables only if its line has one cause, or if the cause can be seen on the node.
struct OutputAdvice {
    /// The program that was started, and its arguments.
    var words: [String] = []
    /// The environment of the program.
    var environment: [String: String] = [:]
    /// The kubeconfig that the program should use, if one is known.
    var kubeconfig: String?
    /// The shell that the task names, if it names one.
    var shell: String?
    /// Whether the words are those of key `command`, and not of a script or of `preStart`.
    var isCommand = false
    /// Whether the program ran in the sandbox of a unit, which hides paths of the node.
    var isService = false
    /// The paths that the program writes.
    var targets: [String] = []

    /// A line, and what to do about it.
    private struct Rule {
        let pattern: Regex<AnyRegexOutput>
        /// Returns the advice for the captured texts, `nil` if the cause is another one.
        let advice: ([String]) -> String?

        init<Output>(_ pattern: Regex<Output>, _ advice: @escaping ([String]) -> String?) {
            self.pattern = Regex(pattern)
            self.advice = advice
        }

        init<Output>(_ pattern: Regex<Output>, _ advice: String) {
            self.init(pattern) { _ in advice }
        }
    }

    /// Returns what to do about a line of output.
    ///
    /// - Parameter line: The last line of a program that failed.
    /// - Returns: The advice, or `nil` if the line is not known or its cause is not seen.
    func text(for line: String) -> String? {
        if let advice = capabilityAdvice(line) { return advice }
        for rule in clusterRules + shellRules + packageRules + nodeRules {
            guard let match = line.firstMatch(of: rule.pattern) else { continue }
            let captures = match.output.dropFirst().map { String($0.substring ?? "") }
            if let advice = rule.advice(captures) { return advice }
        }
        return nil
    }

    /// Returns what the file system shows about a path that a program names together with an error of the system.
    ///
    /// - Parameter line: The last line of a program that failed, such as `cp: error writing '/x': No space left on device`.
    /// - Returns: The cause and what to do, or `nil` if neither is seen.
    func pathAdvice(for line: String) -> String? {
        if !isService, let advice = SpaceAdvice(environment: environment, targets: targets).text(for: line) {
            return advice
        }
        let message = line.lowercased()
        let codes = [
            ENOENT, ENOTDIR, ELOOP, ENAMETOOLONG, ENOSPC, EDQUOT, EROFS, EIO, EBADMSG, EUCLEAN, ETXTBSY, ENOTCONN,
            ESTALE, EPERM, EACCES,
        ]
        // A unit has a view of its own of the node's paths.
        guard !isService, let code = codes.first(where: { message.hasSuffix(SystemError.text(for: $0).lowercased()) }),
            let path = line.matches(of: /(?:^|[\s:'"‘=(])(\/[^\s:'"’)*?\[]+)(?=[:\s'"’)])/).last?.1
        else { return nil }
        let error = SystemError("", String(path), code: code).examined()
        let text = [error.detail, error.advice].compactMap(\.self).joined(separator: "; ")
        return text.isEmpty ? nil : text
    }
}

/// Programs that talk to a cluster.
extension OutputAdvice {
    private var clusterRules: [Rule] {
        [
            // The address that client-go uses if no kubeconfig names a server.
            Rule(/server localhost:8080 was refused|http:\/\/localhost:8080\/.*connection refused/) { _ in
                kubeconfigAdvice()
            },
            Rule(/no configuration has been provided, try setting KUBERNETES_MASTER/) { _ in kubeconfigAdvice() },
        ]
    }

    /// Returns why a program finds no kubeconfig, `nil` if there is one where it looks.
    private func kubeconfigAdvice() -> String? {
        let variable = environment["KUBECONFIG"] ?? ""
        let home = environment["HOME"] ?? ""
        let files = variable.isEmpty ? ["\(home)/.kube/config"] : variable.split(separator: ":").map(String.init)
        let isFound = files.contains { (try? FileSystem.exists($0)) != false }
        guard variable.isEmpty && home.isEmpty || !isFound else { return nil }
        let cause =
            if !variable.isEmpty {
                "its KUBECONFIG is '\(variable)', which does not exist"
            } else if home.isEmpty {
                "it found no kubeconfig, because neither KUBECONFIG nor HOME is set"
            } else {
                "it found no kubeconfig: KUBECONFIG is not set, and '\(files[0])' does not exist"
            }
        let path = kubeconfig ?? "PATH"
        return "\(cause): write environment: {KUBECONFIG: \(path)}"
            + (kubeconfig == nil ? ", with the path of one" : "")
    }
}

/// Shells, and what scripts get from their environment.
extension OutputAdvice {
    /// Commands that bash has, and `/bin/sh` of Debian, dash, has not.
    private static let bashCommands: Set = [
        "[[", "source", "declare", "typeset", "let", "function", "shopt", "pushd", "popd", "mapfile", "readarray",
        "compgen", "disown",
    ]

    private var shellRules: [Rule] {
        [
            Rule(/^(.+?): (?:line )?\d+: set: [Ii]llegal option -o pipefail/) { bashAdvice($0[0]) },
            Rule(/^(.+?): (?:line )?\d+: ([^\s:]+): not found$/) { captures in
                Self.bashCommands.contains(captures[1]) ? bashAdvice(captures[0]) : nil
            },
            Rule(/: HOME: (?:unbound variable|parameter not set)$|\$HOME (?:is |are )?not (?:defined|set)/) { _ in
                environment["HOME"] == nil ? "HOME is not set: write environment: {HOME: /root}" : nil
            },
            Rule(/: (?:line )?\d+: ([A-Za-z_][A-Za-z0-9_]*): (?:unbound variable|parameter not set)$/) { captures in
                guard environment[captures[0]] == nil else { return nil }
                return "its variable '\(captures[0])' is not set: set it in the script, or write environment: "
                    + "{\(captures[0]): VALUE}"
            },
            Rule(/^TERM environment variable not set|No value for \$TERM/, "write environment: {TERM: dumb}"),
            Rule(
                /^sudo: (?:a terminal is required|a password is required|no tty present)/,
                "a task has no terminal for a password: leave out 'sudo', and run nest-bootstrap as root"
            ),
        ]
    }

    /// Returns how bash runs a script that the shell `sh` cannot run.
    ///
    /// - Parameter file: The script, or the shell itself if its commands are an argument.
    /// - Returns: The cause and what to write.
    private func bashAdvice(_ file: String) -> String {
        guard let bash = ["/bin/bash", "/usr/bin/bash"].first(where: { (try? FileSystem.exists($0)) == true }) else {
            return "it is written for bash, and sh runs it: install bash, and let bash run it"
        }
        let cause = "it is written for bash, and sh runs it"
        if shell != nil { return "\(cause): write shell: \(bash)" }
        guard words.contains(file) else { return "\(cause): run '\(file)' by bash" }
        let isShell = ["sh", "dash", "ash"].contains(file.pathParts.last ?? "")
        // A shell whose commands, or whose script, are an argument.
        if isCommand, isShell || words.first != file { return "\(cause): write command: bash" }
        if isShell { return "\(cause): write shell: \(bash)" }
        let isExecutable = (try? FileSystem.isExecutable(file)) == true
        let mode = isExecutable ? "" : ", and run \(quotedShellLine(["chmod", "+x", file]))"
        return "\(cause): write '#!\(bash) -e' as the first line of '\(file)'\(mode)"
    }
}

/// Package managers.
extension OutputAdvice {
    private var packageRules: [Rule] {
        [
            Rule(/Could not get lock (\S+?)\. It is held by process (\d+) \(([^)]*)\)/) { captures in
                let wait = "wait until process \(captures[1]) ('\(captures[2])') has ended"
                // The other locks of apt have no such option.
                guard isPath(captures[0], at: "/var/lib/dpkg") else {
                    return "\(wait): run \(quotedShellLine(["tail", "--pid=\(captures[1])", "-f", "/dev/null"])) before"
                }
                return "\(wait), or let apt wait for it: write 'apt-get -o DPkg::Lock::Timeout=300'"
            },
            Rule(/lock was locked by another process with pid (\d+)/) { captures in
                "wait until process \(captures[0]) has ended: run "
                    + "\(quotedShellLine(["tail", "--pid=\(captures[0])", "-f", "/dev/null"])) before"
            },
            Rule(/^E: Unable to locate package\s/) { _ in
                let lists = try? FileSystem.list("/var/lib/apt/lists")
                guard let lists, !lists.contains(where: { $0.contains("_Packages") }) else { return nil }
                return "the lists of packages are empty: run 'apt-get update' before"
            },
            Rule(
                /Another app is currently holding the xtables lock/,
                "let it wait for the other program: write 'iptables -w'"
            ),
        ]
    }
}

/// The kernel, its modules and settings, and the resolver of names.
extension OutputAdvice {
    private var nodeRules: [Rule] {
        [
            Rule(/^modprobe: FATAL: Module (\S+) not found in directory (\/\S+)/) { moduleAdvice($0[0], in: $0[1]) },
            Rule(/(\/proc\/sys\/[^\s:'’]+)['’]?: (?:No such file or directory|Directory nonexistent|nonexistent)/) {
                settingAdvice($0[0])
            },
            Rule(
                /version [`'](\S+)' not found \(required by\s/,
                "it is built for a newer system: install a build for this one"
            ),
            Rule(/[Yy]ou must be root|[Aa]re you root\?|must be superuser|must be run as root|requires root/) { _ in
                Machine.isRoot ? nil : "run it as root"
            },
            Rule(/[Cc]ould not resolve host:? '?([^\s']+?)'?$/) { resolverAdvice($0[0]) },
            Rule(/(?:Could not resolve|[Ff]ailure resolving|unable to resolve host address) ['‘]([^'’]+)['’]/) {
                resolverAdvice($0[0])
            },
            Rule(/dial tcp: lookup (\S+?)(?: on \S+)?: (?:no such host|server misbehaving|.*i\/o timeout)/) {
                resolverAdvice($0[0])
            },
        ]
    }

    /// Returns why root may not do what a program tried, `nil` if root may, or the program runs in the sandbox of a unit.
    private func capabilityAdvice(_ line: String) -> String? {
        guard !isService, let capability = ProgramCapability.missing(in: line),
            let fault = Privileges.ofRoot()?.fault(without: capability, isProgram: true)
        else { return nil }
        return "\(fault.reason): \(fault.advice)"
    }

    /// Returns why a module is not found in the directory of the running kernel.
    private func moduleAdvice(_ name: String, in directory: String) -> String? {
        // A unit without the capability to load modules does not see them.
        guard !isService else { return nil }
        guard (try? FileSystem.exists(directory)) == true else {
            return
                "'\(directory)', the modules of the running kernel, does not exist: restart the machine if its kernel was "
                + "updated, otherwise install the kernel's package of modules"
        }
        let list = (try? FileSystem.read("\(directory)/modules.dep", limit: 16 << 20)) ?? []
        let names = list.split(separator: UInt8(ascii: "\n")).compactMap { line -> String? in
            let path = String(decoding: line.prefix { $0 != UInt8(ascii: ":") }, as: UTF8.self)
            return path.pathParts.last?.split(separator: ".").first.map(String.init)
        }
        guard let near = nearestName(to: name, in: names) else {
            return
                "the running kernel has no such module: install the package of its other modules, or correct the name"
        }
        return "did you mean '\(near)'?"
    }

    /// Settings of the kernel that exist once a module is loaded, by the directory in which they are.
    private static let modulesOfSettings = [
        ("/proc/sys/net/bridge", "br_netfilter"), ("/proc/sys/net/netfilter", "nf_conntrack"),
        ("/proc/sys/net/ipv4/vs", "ip_vs"), ("/proc/sys/net/ipv4/netfilter", "nf_conntrack"),
    ]

    /// Returns why a setting of the kernel does not exist.
    private func settingAdvice(_ path: String) -> String? {
        let module = Self.modulesOfSettings.first {
            isPath(path, at: $0.0) && (try? FileSystem.exists($0.0)) == false
        }
        if let module {
            return
                "it exists once the kernel's module '\(module.1)' is loaded: run 'modprobe \(module.1)' before, and write "
                + "'\(module.1)' into a file in /etc/modules-load.d"
        }
        return SystemError("", path, code: ENOENT).examined().advice
    }

    /// Returns what is seen of why a name is not resolved.
    private func resolverAdvice(_ host: String) -> String? {
        let file = "/etc/resolv.conf"
        let content: [UInt8]
        do {
            content = try FileSystem.read(file, limit: 1 << 20)
        } catch {
            let error = error.examined()
            return
                "it has no DNS server: \([error.description, error.advice].compactMap(\.self).joined(separator: "; "))"
        }
        let servers = content.split(separator: UInt8(ascii: "\n")).compactMap { line -> String? in
            let words = String(decoding: line, as: UTF8.self).split(whereSeparator: \.isWhitespace)
            return words.count > 1 && words[0] == "nameserver" ? String(words[1]) : nil
        }
        guard let first = servers.first else {
            return "'\(file)' names no DNS server: write 'nameserver ADDRESS' into it"
        }
        // A unit without a network resolves no name.
        return isService
            ? nil
            : "see \(quotedShellLine(["getent", "ahosts", host])), and whether the DNS server \(first) of \(file) answers"
    }
}
