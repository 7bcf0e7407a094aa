import Base

/// A part of the node that programs use together with others of their kind, as named in `needs`.
///
/// Each replaces several keys of `exec`, which every program of that kind needs.
public enum ExecNeed: String, Sendable, Hashable, CaseIterable {
    /// Requests to systemd and to the other services on the system bus.
    case systemd
    /// Requests to the container runtime.
    case containers
    /// Addresses, routes, packet filters and tunnels of the node.
    case networking
    /// Kernel modules.
    case modules
    /// Settings of the kernel below `/proc/sys`.
    case sysctl
    /// The clock of the node.
    case clock

    /// The meaning in a list of the needs.
    var meaning: String {
        switch self {
        case .systemd: "requests to systemd and the system bus"
        case .containers: "requests to the container runtime"
        case .networking: "addresses, routes and packet filters of the node"
        case .modules: "loading kernel modules"
        case .sysctl: "settings below `/proc/sys`, also those of the network"
        case .clock: "setting the clock"
        }
    }

    /// The capabilities that the program keeps.
    var capabilities: [String] {
        switch self {
        case .systemd, .containers: []
        case .networking: ["CAP_NET_ADMIN", "CAP_NET_RAW"]
        case .modules: ["CAP_SYS_MODULE"]
        case .sysctl: ["CAP_NET_ADMIN"]
        case .clock: ["CAP_SYS_TIME"]
        }
    }

    /// The paths that the program sees in directories that are closed otherwise.
    var reads: [String] {
        switch self {
        case .containers:
            [
                "/run/containerd/containerd.sock", "/run/crio/crio.sock", "/run/cri-dockerd.sock", "/run/docker.sock",
                "/run/k3s/containerd/containerd.sock", "/run/podman/podman.sock",
            ]
        case .networking: ["/run/netns"]
        case .systemd, .modules, .sysctl, .clock: []
        }
    }

    /// The paths that the program may write.
    var writes: [String] { self == .sysctl ? ["/proc/sys"] : [] }

    /// Whether the program uses the network of the node.
    var usesNetwork: Bool { self == .networking || self == .sysctl }
}

/// The need of a well-known program.
public enum ProgramNeed: Sendable, Hashable {
    /// One of the needs.
    case need(ExecNeed)
    /// More than a sandbox can grant: it changes files everywhere, or mounts.
    case noSandbox

    /// The advice to write the missing key of the task.
    public var advice: String {
        switch self {
        case .need(let need): "write needs: [\(need.rawValue)] below exec:"
        case .noSandbox: "write sandbox: false below exec:"
        }
    }
}

/// The programs that the sandbox of a unit stops, unless their task says what they need.
private let programNeeds: [String: ProgramNeed] = {
    let programs: [(ProgramNeed, String)] = [
        (
            .need(.systemd),
            "busctl hostnamectl localectl loginctl networkctl resolvectl systemctl systemd-run timedatectl"
        ),
        (.need(.containers), "crictl ctr docker nerdctl podman"),
        (
            .need(.networking),
            "arptables bridge conntrack ebtables ethtool ifconfig ip ip6tables ip6tables-restore ipset iptables "
                + "iptables-restore ipvsadm nft route tc wg wg-quick"
        ),
        (.need(.modules), "insmod modprobe rmmod"),
        (.need(.sysctl), "sysctl"),
        (.need(.clock), "hwclock"),
        (
            .noSandbox,
            "addgroup adduser apk apt apt-get chpasswd dnf dpkg dpkg-reconfigure gpasswd groupadd groupdel groupmod "
                + "kubeadm losetup mount pacman passwd rpm snap swapoff swapon umount update-ca-certificates useradd "
                + "userdel usermod yum zypper"
        ),
    ]
    var table: [String: ProgramNeed] = [:]
    for (need, names) in programs { for name in names.split(separator: " ") { table[String(name)] = need } }
    return table
}()

/// The arguments with which these programs need nothing of the node.
private let harmlessArguments: [String: Set<String>] = [
    "dpkg": ["--compare-versions", "--contents", "--extract", "--info", "--print-architecture", "-I", "-c", "-x"],
    "kubeadm": ["version"],
    "modprobe": ["--dry-run", "--show-depends", "-D", "-n"],
    "nft": ["--check", "-c"],
]

/// The arguments with which these programs change something; without one of them they only read.
private let changingArguments: [String: Set<String>] = [
    "bridge": ["add", "append", "del", "delete", "replace", "set"],
    "ip": ["add", "append", "change", "del", "delete", "flush", "replace", "set"],
    "route": ["add", "del"],
    "tc": ["add", "change", "del", "replace"],
]

extension ExecDeclaration {
    /// Returns the well-known programs that the task runs, with what each needs and the task does not declare.
    ///
    /// Programs are found in `command`, in `preStart` and in the text of a shell's `-c`.
    ///
    /// - Parameter script: The text of the script that the task runs, if it is known.
    /// - Returns: Each program once, in the order of the task.
    public func undeclaredNeeds(script: String? = nil) -> [(program: String, need: ProgramNeed)] {
        guard hasSandbox else { return [] }
        var found: [String: ProgramNeed] = [:]
        var names: [String] = []
        for words in commandLines(script: script) {
            let name = words[0].pathParts.last.map(String.init) ?? words[0]
            guard let need = programNeeds[name], found[name] == nil,
                isNeeded(by: name, words.dropFirst()), !isGranted(need)
            else { continue }
            found[name] = need
            names.append(name)
        }
        return names.compactMap { name in found[name].map { (name, $0) } }
    }

    /// Returns the advice to write the key that programs of the task need, with the needs that the task already has.
    public func advice(for missing: [ProgramNeed]) -> String {
        let added = missing.compactMap { if case .need(let need) = $0 { need } else { nil } }
        // Without a sandbox a program has everything that a need grants.
        guard added.count == missing.count else { return ProgramNeed.noSandbox.advice }
        return "write needs: [\((needs + added).unique().map(\.rawValue).joined(separator: ", "))] below exec:"
    }

    /// Returns the commands that the task runs, each with its words, that can be recognised.
    ///
    /// - Parameter script: The text of the script that the task runs, if it is known.
    /// - Returns: The commands in `command`, in `preStart`, and in the text of a script or of a shell's `-c`.
    public func commandLines(script: String?) -> [[String]] {
        var texts = [preStart, script].compactMap(\.self)
        var lines: [[String]] = []
        if case .command(let name, _) = program {
            if let text = shellText { texts.append(text) } else { lines.append([name] + arguments) }
        }
        return lines + texts.flatMap(shellCommands)
    }

    /// Returns whether a program with these arguments does what the sandbox prevents.
    private func isNeeded(by name: String, _ arguments: ArraySlice<String>) -> Bool {
        let given = Set(arguments)
        guard given.isDisjoint(with: ["--help", "--version"]) else { return false }
        if let harmless = harmlessArguments[name], !given.isDisjoint(with: harmless) { return false }
        if let changing = changingArguments[name] { return !network || !given.isDisjoint(with: changing) }
        if name == "sysctl" {
            return given.contains { $0.contains("=") || ["-p", "-w", "--system", "--write"].contains($0) }
        }
        return name != "mount" || !arguments.isEmpty
    }

    /// Returns whether the keys of the task grant what a program needs.
    private func isGranted(_ need: ProgramNeed) -> Bool {
        guard case .need(let need) = need else { return writes.contains { $0.path == "/" } }
        if needs.contains(need) { return true }
        let isReadable = { (paths: [String]) in paths.contains { path in reads.contains { isPath(path, at: $0.path) } }
        }
        return switch need {
        case .systemd: isReadable(["/run/dbus", "/run/systemd/private"])
        case .containers: isReadable(need.reads)
        case .sysctl: writes.contains { isPath(located($0.path), at: "/proc/sys") }
        case .networking, .modules, .clock: capabilities.contains(need.capabilities[0])
        }
    }
}

/// Words of a shell after which a command begins.
private let shellOpeners: Set<Substring> = [
    "!", "(", "command", "do", "elif", "else", "exec", "if", "nohup", "sudo", "then", "time", "until", "while", "{",
]

/// Returns the commands in a text for a shell, each with its words.
///
/// The text is not parsed as a shell does: quotes are kept as parts of words, and a command that is started in another
/// way is not found.
private func shellCommands(in text: String) -> [[String]] {
    let lines = text.split(separator: "\n").filter { line in line.first { !$0.isWhitespace } != "#" }
    return lines.flatMap { $0.split { ";|&`".contains($0) } }.flatMap { $0.split(separator: "$(") }.compactMap { part in
        // An assignment may precede the command.
        let words = part.split { " \t()".contains($0) }.drop { word in
            shellOpeners.contains(word) || word.contains("=") && !word.hasPrefix("-")
        }
        guard let first = words.first, !first.hasPrefix("#") else { return nil }
        return words.map(String.init)
    }
}
