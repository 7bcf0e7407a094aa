import Base
import Reporting

/// The flags that several commands have, and the environment of a call.
struct Options: Sendable {
    /// The task file of a node.
    static let defaultConfig = "/etc/nest-bootstrap/bootstrap.yaml"

    /// The task file.
    var config = Options.defaultConfig

    /// The format of results.
    var output = OutputFormat.text

    /// Whether texts for people are plain lines also on a terminal.
    var isPlain = false

    /// The role of the node, whatever its name and environment say.
    var role: String?

    /// The host name of the node, if it is not that of this machine.
    var hostName: String?

    /// The directory that is put before every path that a task writes.
    var root: String?

    /// Whether the files of this machine are not those of the node.
    var isOffline = false

    /// Whether the command is about all nodes of the task file instead of one.
    var isForAllNodes = false

    /// The environment variables of the call.
    var environment: [String: String] = [:]

    /// Whether the command writes nothing.
    var isDryRun = false

    /// Whether the command changes the node; others accept task files that another user could change.
    var acts = false

    /// Whether a unit runs the command in the sandbox of a task, where it may only write what was prepared.
    var runsInSandbox = false

    /// The directory of the drop-ins: `bootstrap.d` next to `bootstrap.yaml`.
    var dropInDirectory: String {
        let slash = config.lastSlash.map(config.index(after:)) ?? config.startIndex
        let name = config[slash...]
        // The dot of a hidden file does not begin an extension.
        guard let dot = name.lastIndex(of: "."), dot > name.startIndex else { return "\(config).d" }
        return "\(config[..<dot]).d"
    }

    /// The common flags that were given, with their values, for another call.
    var commonArguments: [String] {
        let pairs = [
            ("--config", config == Self.defaultConfig ? nil : config), ("--role", role), ("--host-name", hostName),
            ("--root", root),
        ]
        return pairs.flatMap { flag, value in value.map { [flag, $0] } ?? [] }
    }

    /// Writes another call about the same node, for a sentence.
    func quotedCall(_ words: String...) -> String { quotedCall(words) }

    /// Writes another call about the same node, for a sentence.
    func quotedCall(_ words: [String]) -> String {
        quotedShellLine(["nest-bootstrap"] + words + commonArguments)
    }

    /// Refuses a format of a picture beside one for programs.
    func refuseFormat() throws(UsageError) {
        guard output != .text else { return }
        throw UsageError("'--format' and '--output \(output.rawValue)' are mutually exclusive")
    }

    /// Whether a service manager has started the program.
    var isService: Bool { environment["NOTIFY_SOCKET"] != nil }

    /// The environment of programs that the tasks start: none of them must report to the service manager.
    var childEnvironment: [String: String] { environment.filter { $0.key != "NOTIFY_SOCKET" } }
}
