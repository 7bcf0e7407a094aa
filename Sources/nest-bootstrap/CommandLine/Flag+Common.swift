import Base
import Reporting

/// Flags that several commands have.
extension Flag {
    static var config: Flag {
        Flag(
            "--config",
            short: "-c",
            "FILE",
            "the task file; its drop-ins are in the directory with the same name and the extension .d "
                + "(default: \(Options.defaultConfig))"
        ) { _, options, value in options.config = value }
    }

    static var role: Flag {
        Flag(
            "--role",
            "ROLE",
            "the role of the node, several with commas (default: the environment variable NEST_ROLE, or the roles that "
                + "the task file gives the host name)"
        ) { _, options, value in options.role = value }
    }

    static var hostName: Flag {
        Flag("--host-name", "NAME", "the host name of the node (default: that of this machine)") { _, options, value in
            options.hostName = value
        }
    }

    static var allNodes: Flag {
        allNodes(
            "every node of section 'nodes' instead of this one, each with its roles there; no file of a node is looked at"
        )
    }

    static func allNodes(_ help: String) -> Flag {
        Flag("--all-nodes", help) { _, options in options.isForAllNodes = true }
    }

    static var offline: Flag {
        Flag(
            "--offline",
            "look at no file of the node: only at the task file, its drop-ins, and manifests that exist here"
        ) { _, options in options.isOffline = true }
    }

    static var root: Flag { root("put DIR before every path that a task writes or has written") }

    static func root(_ help: String) -> Flag {
        Flag("--root", "DIR", help) { _, options, value in options.root = value }
    }

    static var output: Flag {
        output(
            OutputChoice.allCases,
            "output for people (text and table are the same), for programs, or for screen readers and logs: text as a file gets "
                + "it, never redrawn (default: \(OutputFormat.text.rawValue))"
        )
    }

    static func output(_ choices: [OutputChoice], _ help: String) -> Flag {
        Flag("--output", short: "-o", alternatives(choices), help) { (_, options, value) throws(UsageError) in
            let given = try choice("output", value, among: choices)
            (options.output, options.isPlain) = (given.format, given == .plain)
        }
    }
}

/// The words of which a value is one, as the help shows them.
func alternatives<Choice: RawRepresentable<String>>(_ choices: [Choice]) -> String {
    choices.map(\.rawValue).joined(separator: "|")
}

/// Reads a value that is one of several words.
///
/// - Parameters:
///   - kind: The name of the flag without its dashes.
///   - value: The value.
///   - choices: The words that a message names; the caller refuses others of the type.
/// - Returns: The word.
/// - Throws: ``UsageError`` if the value is no such word.
func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ kind: String,
    _ value: String,
    among choices: [Choice] = Array(Choice.allCases),
) throws(UsageError) -> Choice {
    if let choice = Choice(rawValue: value) { return choice }
    let known = choices.map(\.rawValue)
    let hint = nameMeant(by: value, in: known).map { "did you mean '\($0)'?" }
    let all = "expected one of \(known.map { "'\($0)'" }.joined(separator: ", "))"
    throw UsageError("invalid value '\(value)' for --\(kind) (\(hint ?? all))")
}

/// The values of `--output`.
enum OutputChoice: String, Sendable, Hashable, CaseIterable {
    case text
    /// Another name of text, which kubectl users know.
    case table
    case json, yaml
    /// Text as if standard output were no terminal.
    case plain

    /// The format of results.
    var format: OutputFormat {
        switch self {
        case .text, .table, .plain: .text
        case .json: .json
        case .yaml: .yaml
        }
    }
}
