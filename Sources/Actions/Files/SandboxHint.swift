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
        let message = line.lowercased()
        let setting: String
        if message.hasPrefix("mount: "), message.contains("permission denied") || message.contains("must be superuser")
        {
            setting =
                "the unit of a task cannot mount: use a unit of systemd, and its name in 'after' of task '\(task)'"
        } else if message.contains("failed to connect to bus") || message.contains("system bus"),
            !declaration.reads.contains(where: { isPath("/run/dbus", at: $0.path) })
        {
            setting = "a unit sees the bus only if '/run/dbus' is in 'reads' of task '\(task)'"
        } else if message.contains("read-only file system") {
            setting = "if it may write there, add the directory to 'writes' of task '\(task)'"
        } else if message.contains("no such file or directory"), let path = Self.path(in: line),
            !Self.names(declaration, path), let directory = Self.closedDirectory(around: path, declaration)
        {
            setting = "a unit sees of \(directory) only what its task names: add the path to 'reads' of task '\(task)'"
        } else if declaration.capabilities.isEmpty, let need = Self.privilege(message) {
            let (capability, network) = (need.capability, need.isOfNetwork && !declaration.network)
            setting =
                if let capability {
                    "write capabilities: [\(capability)]\(network ? " and network: true" : "") below 'exec' of task '\(task)'"
                } else {
                    "if it needs a capability, add it to 'capabilities' of task '\(task)'"
                }
        } else if message.contains("permission denied") {
            setting = "if that is a credential of another task, add it to 'reads' of task '\(task)'"
        } else if !declaration.network,
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
