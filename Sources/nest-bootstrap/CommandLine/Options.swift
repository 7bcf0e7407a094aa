import Base
import Host
import Reporting

/// The common flags of the commands, and the environment of a call.
struct Options: Sendable {
    /// The default path of the task file of a node.
    static let defaultConfig = "/etc/nest-bootstrap/bootstrap.yaml"

    var config = Options.defaultConfig
    var output = OutputFormat.text

    /// The role of the node, which overrides its host name and environment.
    var role: String?

    /// The host name of the node, if it differs from the name of this machine.
    var hostName: String?

    /// The directory that is prefixed to every path that a task writes.
    var root: String?

    /// Whether to ignore the files of this machine, because this machine is not the node.
    var isOffline = false

    /// Whether the command covers all nodes of the task file instead of one.
    var isForAllNodes = false
    var environment: [String: String] = [:]

    /// Whether the command writes nothing.
    var isDryRun = false

    /// Whether the command changes the node; if not, it accepts task files that another user could change.
    var acts = false

    /// The directory of the drop-ins: `bootstrap.d` next to `bootstrap.yaml`.
    var dropInDirectory: String {
        let slash = config.lastSlash.map(config.index(after:)) ?? config.startIndex
        let name = config[slash...]
        // A leading dot marks a hidden file and does not begin an extension.
        guard let dot = name.lastIndex(of: "."), dot > name.startIndex else { return "\(config).d" }
        return "\(config[..<dot]).d"
    }

    /// The flags that select the task file and the node, with their values, for use in another call.
    var commonArguments: [String] {
        let pairs = [
            ("--config", config == Self.defaultConfig ? nil : config), ("--role", role), ("--host-name", hostName),
            ("--root", root),
        ]
        return pairs.flatMap { flag, value in value.map { [flag, $0] } ?? [] }
    }

    /// Quotes another call for the same node, for use in a sentence.
    func quotedCall(_ words: [String]) -> String {
        quotedShellLine(["nest-bootstrap"] + words + commonArguments)
    }

    /// Whether a service manager has started the program.
    var isService: Bool { environment["NOTIFY_SOCKET"] != nil }

    /// The environment of programs that the tasks start, which must not report to the service manager.
    var childEnvironment: [String: String] { environment.filter { $0.key != "NOTIFY_SOCKET" } }
}
