import Base
import Glibc
import Planning

/// A hint for a task whose output shows that the unit's sandbox has blocked the program.
final class SandboxHint: Sendable {
    private let hint = Locked<String?>(nil)

    /// The hint for the first line that matched, `nil` if no line has matched.
    var text: String? { hint.withLock { $0 } }

    /// Looks for the system's error messages in a line, ignoring case because Go programs print lower case.
    func look(at line: String, _ declaration: ExecDeclaration, task: String) {
        guard declaration.hasSandbox else { return }
        let message = line.lowercased()
        let setting: String
        if Self.isDenial(message), let need = declaration.undeclaredNeeds().first {
            setting = "the sandbox of its unit stops '\(need.program)': \(need.need.advice)"
        } else if message.hasPrefix("mount: "),
            message.contains("permission denied") || message.contains("must be superuser")
        {
            setting =
                "the unit of a task cannot mount: write sandbox: false below exec: of task '\(task)'"
        } else if !declaration.needs.contains(.systemd),
            Self.withoutBus.contains(where: message.contains),
            !declaration.reads.contains(where: { isPath("/run/dbus", at: $0.path) })
        {
            setting = "a unit sees systemd and the bus only with needs: [systemd] below exec: of task '\(task)'"
        } else if message.contains("cannot lock /etc/") {
            setting = "a unit cannot change users: write sandbox: false below exec: of task '\(task)'"
        } else if message.contains("read-only file system"), message.contains("/proc/sys/") {
            setting = "write needs: [sysctl] below exec: of task '\(task)'"
        } else if message.contains("read-only file system") {
            setting = "if it may write there, add the directory to 'writes' of task '\(task)'"
        } else if message.contains("no such file or directory"), let path = Self.path(in: line),
            !Self.names(declaration, path), let directory = Self.closedDirectory(around: path, declaration)
        {
            setting = "a unit sees of \(directory) only what its task names: add the path to 'reads' of task '\(task)'"
        } else if declaration.footprint.capabilities.isEmpty, let need = Self.privilege(message) {
            let (capability, network) = (need.capability, need.isOfNetwork && !declaration.network)
            setting =
                if let capability {
                    "write capabilities: [\(capability)]\(network ? " and network: true" : "") below 'exec' of task '\(task)'"
                } else {
                    "if it needs a capability, add it to 'capabilities' of task '\(task)'"
                }
        } else if message.contains("permission denied") {
            setting = "if that is a credential of another task, add it to 'reads' of task '\(task)'"
        } else if declaration.footprint.connections.allSatisfy({ $0 == .systemBus }),
            [
                "network is unreachable", "address family not supported by protocol", "could not resolve",
                "failure resolving",
                "failure in name resolution", "unable to resolve host address",
            ].contains(where: message.contains)
        {
            setting = "if it may use the network, add 'network: true' to 'exec' of task '\(task)'"
        } else {
            return
        }
        hint.withLock { $0 = $0 ?? setting }
    }

    /// Parts of lines of programs that find neither systemd nor the system bus.
    private static let withoutBus = [
        "failed to connect to bus", "system bus", "not been booted with systemd", "system_bus_socket",
    ]

    /// Returns whether a line says that the system denied something, as a sandbox does.
    private static func isDenial(_ message: String) -> Bool {
        let words = [
            "are you root", "cannot lock", "denied", "must be root", "must be superuser", "not permitted",
            "not supported by protocol", "network is unreachable", "read-only file system", "requires root",
            "unable to lock",
        ]
        return (withoutBus + words).contains(where: message.contains)
    }

    /// Returns the privilege that a program lacks, `nil` if a line says nothing of the kind.
    private static func privilege(_ message: String) -> (capability: String?, isOfNetwork: Bool)? {
        let refusals = [
            "operation not permitted", "must be root", "must be superuser", "are you root", "requires root",
        ]
        guard refusals.contains(where: message.contains) else { return nil }
        // The beginnings of the lines of programs that need one capability only.
        let programs = [
            ("iptables", "CAP_NET_ADMIN"), ("ip6tables", "CAP_NET_ADMIN"), ("ebtables", "CAP_NET_ADMIN"),
            ("ipset", "CAP_NET_ADMIN"), ("rtnetlink answers", "CAP_NET_ADMIN"), ("modprobe: error", "CAP_SYS_MODULE"),
            ("insmod: error", "CAP_SYS_MODULE"), ("date: cannot set date", "CAP_SYS_TIME"),
            ("chown: ", "CAP_CHOWN"),
        ]
        let capability = programs.first { message.hasPrefix($0.0) }?.1
        return (capability, capability == "CAP_NET_ADMIN")
    }

    /// Returns the first absolute path in a line.
    private static func path(in line: String) -> Substring? {
        line.firstMatch(of: /(?:^|[\s:'"‘’=(])(\/[^\s:'"‘’)]+)/)?.1
    }

    /// Returns the directory that contains a path and is hidden from the unit, or `nil` if there is none.
    ///
    /// The unit of a task with `reads` sees no other configuration and data of the node.
    private static func closedDirectory(around path: Substring, _ declaration: ExecDeclaration) -> String? {
        let data = declaration.reads.isEmpty ? [] : ["/etc", "/mnt", "/srv", "/var"]
        return (["/run", "/var/lib", "/etc/kubernetes"] + data).first { isPath(path, below: $0) }
    }

    /// Returns whether the unit sees a path because the task names it.
    private static func names(_ declaration: ExecDeclaration, _ path: Substring) -> Bool {
        let texts = declaration.arguments + declaration.environment.values + (declaration.preStart.map { [$0] } ?? [])
        return texts.contains { $0.contains(path) } || declaration.reads.contains { isPath(path, below: $0.path) }
    }
}
