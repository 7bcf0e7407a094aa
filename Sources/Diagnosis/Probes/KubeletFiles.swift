import Base
import Glibc
import HTTP
import Host
import Kubernetes
import YAML

/// Reads the unit, the process and the files of a node's kubelet, below a root directory.
struct KubeletFiles {
    var root: String

    /// The units that start a kubelet, the first that exists is the node's.
    static let unitNames = [
        "kubelet.service", "k3s.service", "k3s-agent.service", "rke2-server.service", "rke2-agent.service",
        "snap.kubelet.daemon.service",
    ]

    private static let usualPrograms = ["/usr/bin/kubelet", "/usr/local/bin/kubelet", "/opt/bin/kubelet"]

    func facts() -> KubeletFacts {
        var facts = KubeletFacts()
        let found = Self.unitNames.lazy.compactMap { name in UnitFile(name, root: root).map { (name, $0) } }.first
        var command: [String] = []
        var environment = UnitFile.Environment()
        if let (name, unit) = found {
            facts.unitName = name
            facts.unitPath = unit.path
            let arguments = unit.arguments
            command = arguments.map(\.text)
            for (text, source) in arguments.dropFirst() where text.hasPrefix("-") {
                let name = text.drop { $0 == "-" }.prefix { $0 != "=" }
                facts.argumentSources[String(name)] = source
            }
            environment = unit.environment
            facts.unitFile = unit.facts
            facts.missingEnvironmentFiles = environment.missing
        }
        var variables = environment.variables
        // The command line of a process is its own choice: only its flags are used, never as a program.
        facts.program = command.first
        facts.arguments = Array(command.dropFirst())
        if root.isEmpty, let running = runningProcess() {
            facts.process = running.process
            if facts.program?.isAbsolutePath != true { facts.program = running.program ?? facts.program }
            if !running.arguments.isEmpty { facts.arguments = Array(running.arguments.dropFirst()) }
            variables = running.variables ?? variables
        }
        facts.program = facts.program ?? Self.usualPrograms.first { (try? FileSystem.exists(root + $0)) == true }
        if let program = facts.program, program.isAbsolutePath {
            // The mounts and the loaders are those of this machine.
            facts.programFault = root.isEmpty ? ProgramFile.fault(of: program) : nil
            facts.isProgramMissing = (try? FileSystem.exists(root + program)) == false
        }
        readFiles(&facts)
        if !facts.isK3s { facts.namedFiles = NamedFiles(root: root).faults(of: facts) }
        if let url = (facts.kubeconfig.kubeconfig ?? facts.bootstrap.kubeconfig)?.server {
            // Go, in which the kubelet is written, does not know ALL_PROXY.
            let proxy = EnvironmentProxy(for: url) { $0.uppercased() == "ALL_PROXY" ? nil : variables[$0] }
            facts.proxy = proxy
            facts.proxySource = proxy.flatMap { environment.sources[$0.variable] }
        }
        facts.staticPods = StaticPodFiles(root: root).facts(of: facts)
        return facts
    }

    /// Reads the files that the flags name, or those that k3s has.
    private func readFiles(_ facts: inout KubeletFacts) {
        if facts.isK3s {
            let directories = ["/var/lib/rancher/k3s/agent", "/var/lib/rancher/rke2/agent"]
            let directory = directories.first { (try? FileSystem.exists(root + $0)) == true } ?? directories[0]
            facts.kubeconfig = kubeconfig("\(directory)/kubelet.kubeconfig")
            return
        }
        if let path = facts.flag("config") { facts.configuration = configuration(path) }
        if let directory = facts.flag("config-dir"), !directory.isEmpty {
            do throws(SystemError) {
                // The kubelet merges the files in the order of their names.
                for name in try FileSystem.list(root + directory, limit: 1000).sorted() where name.hasSuffix(".conf") {
                    let file = configuration("\(directory)/\(name)")
                    if let node = file.root { facts.configuration.dropIns.append(node) }
                    if let problem = file.problem { facts.configuration.dropInFault = problem.message }
                }
            } catch {
                facts.configuration.dropInFault = error.reason
            }
        }
        facts.kubeconfig = kubeconfig(facts.flag("kubeconfig"))
        facts.bootstrap = kubeconfig(facts.flag("bootstrap-kubeconfig"))
    }

    private func configuration(_ path: String) -> ReadFileFact {
        var fact = ReadFileFact()
        fact.path = path
        do throws(SystemError) {
            let bytes = try FileSystem.read(root + path, limit: 1 << 20)
            do throws(Problems) {
                fact.root = try readDocuments(bytes, file: path, limits: .taskFile).compactMap(\.root).first
                if fact.root?.mapping == nil {
                    fact.problem = Problem("is no KubeletConfiguration: expected a mapping")
                }
            } catch {
                fact.problem = error.all.first
            }
        } catch {
            fact.isDenied = error.code == EACCES
            fact.problem = Problem(
                error.isNotFound ? "does not exist" : "cannot be read: \(error.reason)"
            )
        }
        return fact
    }

    /// Reads a kubeconfig with its credentials.
    func kubeconfig(_ path: String?, now: Timestamp = .now()) -> KubeconfigFact {
        var fact = KubeconfigFact()
        guard let path, !path.isEmpty else { return fact }
        fact.path = path
        do {
            let bytes = try FileSystem.read(root + path, limit: 1 << 20)
            fact.exists = true
            fact.isEmpty = bytes.allSatisfy { $0 <= 0x20 }
            fact.isForeign = Self.isForeign(bytes, path)
            fact.kubeconfig = try Kubeconfig(bytes, path: path)
        } catch let error as SystemError {
            fact.isDenied = error.code == EACCES
            fact.exists = !error.isNotFound
            fact.problem = Problem(
                error.isNotFound ? "does not exist" : "cannot be read: \(error.reason)"
            )
            return fact
        } catch let error as Problems {
            fact.problem = error.all.first
            return fact
        } catch {
            return fact
        }
        guard let kubeconfig = fact.kubeconfig else { return fact }
        switch kubeconfig.certificateAuthority {
        case nil: break
        case .data(let bytes)?: fact.authority = bytes
        case .file(let file)?: fact.authority = try? FileSystem.read(root + file, limit: 1 << 20)
        }
        fact.authority?.removeAll { $0 <= 0x20 }
        let denied = Locked(false)
        do {
            fact.credentials = try Credentials(kubeconfig, now: now) { file in
                do throws(SystemError) {
                    return try FileSystem.read(root + file, limit: 1 << 20)
                } catch {
                    if error.code == EACCES { denied.withLock { $0 = true } }
                    throw error
                }
            }
        } catch {
            fact.problem = error
            fact.isDenied = denied.withLock { $0 }
        }
        return fact
    }

    /// Returns whether a kubeconfig has a setting that client-go accepts and this program refuses.
    private static func isForeign(_ bytes: [UInt8], _ path: String) -> Bool {
        guard let documents = try? readDocuments(bytes, file: path, limits: .taskFile),
            let root = documents.compactMap(\.root).first
        else { return false }
        let users = (root["users"]?.sequence ?? []).compactMap { $0["user"] }
        let clusters = (root["clusters"]?.sequence ?? []).compactMap { $0["cluster"] }
        return users.contains { $0["exec"] != nil || $0["auth-provider"] != nil || $0["username"] != nil }
            || clusters.contains { $0["insecure-skip-tls-verify"]?.boolean == true }
    }

    /// The kubelet that runs, with its command line.
    private struct Running {
        var process: KubeletFacts.RunningProcess
        /// The file that the kernel has started, `nil` if this user may not see it.
        var program: String?
        /// The command line, empty if the kubelet is a part of another program.
        var arguments: [String]
        /// The environment, `nil` if this user may not see it.
        var variables: [String: String]?
    }

    /// Finds the running kubelet of this machine, with its command line.
    ///
    /// A kubelet in a PID namespace is one of another node, such as a container of kind. Any user can give a process the
    /// name of a kubelet, so that only a process of root counts.
    private func runningProcess() -> Running? {
        let names: Set = ["kubelet", "k3s", "k3s-server", "k3s-agent", "rke2"]
        func text(_ path: String) -> String? {
            (try? FileSystem.read(path, limit: 1 << 20)).map { String(decoding: $0, as: UTF8.self) }
        }
        for name in (try? FileSystem.list("/proc")) ?? [] {
            guard let process = Int32(name), let program = text("/proc/\(process)/comm")?.trimmingLine,
                names.contains(program), let status = text("/proc/\(process)/status"), Self.isOfRoot(status),
                isInSameNamespace(process, status)
            else { continue }
            let line = (try? FileSystem.read("/proc/\(process)/cmdline", limit: 1 << 20)) ?? []
            let arguments = line.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
            guard let age = age(of: text("/proc/\(process)/stat")) else { continue }
            let file = (try? FileSystem.status("/proc/\(process)/exe"))?.target
            return Running(
                process: .init(identifier: process, age: age),
                program: program == "kubelet" && file?.hasSuffix(" (deleted)") == false ? file : nil,
                arguments: program == "kubelet" ? arguments : [],
                variables: Self.variables(of: process)
            )
        }
        return nil
    }

    /// Reads the environment of a process, `nil` if this user may not see it.
    private static func variables(of process: Int32) -> [String: String]? {
        guard let bytes = try? FileSystem.read("/proc/\(process)/environ", limit: 1 << 20), !bytes.isEmpty else {
            return nil
        }
        let pairs = bytes.split(separator: 0).compactMap { entry -> (String, String)? in
            let text = String(decoding: entry, as: UTF8.self)
            guard let equals = text.firstIndex(of: "=") else { return nil }
            return (String(text[..<equals]), String(text[text.index(after: equals)...]))
        }
        return Dictionary(pairs) { first, _ in first }
    }

    /// Returns whether a process was started by root and runs as root.
    ///
    /// - Parameter status: The content of `/proc/PID/status`.
    /// - Returns: Whether its real, effective, saved and file system user are root.
    static func isOfRoot(_ status: String) -> Bool {
        guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix("Uid:") }) else { return false }
        let users = line.split { $0 == " " || $0 == "\t" }.dropFirst()
        return users.count == 4 && users.allSatisfy { $0 == "0" }
    }

    private func isInSameNamespace(_ process: Int32, _ status: String) -> Bool {
        let own = (try? FileSystem.status("/proc/self/ns/mnt"))?.target
        let other = (try? FileSystem.status("/proc/\(process)/ns/mnt"))?.target
        if let own, let other { return own == other }
        let line = status.split(separator: "\n").first { $0.hasPrefix("NSpid:") }
        return line.map { $0.split { $0 == " " || $0 == "\t" }.count == 2 } ?? true
    }

    /// Returns the time since a process was started, from its line of `/proc/PID/stat`; `nil` if it has ended.
    private func age(of line: String?) -> Duration? {
        guard let line, let end = line.lastIndex(of: ")") else { return nil }
        let words = line[line.index(after: end)...].split(separator: " ")
        // The 22nd field is the start in hundredths of a second; the state is the third.
        guard words.count > 19, words[0] != "Z", let start = Int64(words[19]) else { return nil }
        let uptime = (try? FileSystem.read("/proc/uptime", limit: 256)).map { String(decoding: $0, as: UTF8.self) }
        guard let seconds = uptime?.split(separator: ".").first.flatMap({ Int64($0) }) else { return nil }
        return .seconds(max(0, seconds - start / 100))
    }
}

extension KubeletFacts {
    /// Returns the value of a flag, as `--name=value` or `--name value`; the last one counts.
    func flag(_ name: String) -> String? {
        var value: String?
        for (index, argument) in arguments.enumerated() {
            for prefix in ["--\(name)", "-\(name)"] {
                if argument.hasPrefix("\(prefix)=") { value = String(argument.dropFirst(prefix.utf8.count + 1)) }
                if argument == prefix {
                    value =
                        index + 1 < arguments.count && !arguments[index + 1].hasPrefix("-") ? arguments[index + 1] : ""
                }
            }
        }
        return value
    }

    /// Whether the kubelet asks for a certificate with its bootstrap kubeconfig.
    ///
    /// It does if the other kubeconfig does not exist, is invalid, or names a certificate that does not exist or has
    /// expired.
    var usesBootstrap: Bool {
        kubeconfig.credentials == nil && !kubeconfig.isDenied && !kubeconfig.isForeign && bootstrap.exists
    }

    /// Whether all settings are known, so that those that are not there have their defaults.
    var areSettingsKnown: Bool {
        // A masked unit has no flags that name the file.
        isKnown && unit?.state.load != "masked" && (configuration.path == nil || configuration.root != nil)
            && configuration.dropInFault == nil
    }

    /// Returns a setting of the configuration files, or of a flag, which precedes them.
    func setting(_ key: String, flag name: String) -> String? {
        if let value = flag(name) { return value }
        // One statement for each type, because Swift 6.3.1 fails to optimise a chain of them (CopyPropagation).
        let ofDropIn = configuration.dropIns.last { $0[key] != nil }?[key]
        guard let value = ofDropIn ?? configuration.root?[key] else { return nil }
        if let text = value.string { return text }
        if let boolean = value.boolean { return boolean ? "true" : "false" }
        if let number = value.integer { return String(number) }
        return nil
    }

    /// The name with which the kubelet registers: that of a flag, or the host name in lower case.
    ///
    /// The flags of a kubelet in k3s or RKE2 are not known, but its certificate has the name.
    func nodeName(hostName: String) -> String {
        if isK3s || unitPath == nil && process == nil, let name = Self.node(of: kubeconfig.credentials?.commonName) {
            return name
        }
        let name = flag(isK3s ? "node-name" : "hostname-override") ?? ""
        return (name.isEmpty ? hostName : name).trimmingSpaces.lowercased()
    }

    /// Returns the name of the Node in a certificate, `nil` if the certificate is not that of a kubelet.
    static func node(of commonName: String?) -> String? {
        let prefix = "system:node:"
        guard let commonName, commonName.hasPrefix(prefix) else { return nil }
        return String(commonName.dropFirst(prefix.utf8.count))
    }
}

extension String {
    /// The text without the line break at its end.
    var trimmingLine: String { hasSuffix("\n") ? String(dropLast()) : self }
}
