import Base
import Host
import Reporting

/// A flag of a command, and the action that sets its value.
struct Flag<Owner: Command>: Sendable {
    /// A function that sets properties of the command or common options.
    typealias Action = @Sendable (inout Owner, inout Options, _ value: String) throws(UsageError) -> Void

    let form: FlagForm
    let set: Action

    /// Creates a flag; `value` names its value in the help, and is `nil` if the flag takes none.
    init(
        _ name: String,
        short shortName: String? = nil,
        _ value: String?,
        isRepeatable: Bool = false,
        isInternal: Bool = false,
        _ help: String,
        _ set: @escaping Action,
    ) {
        form = FlagForm(
            name: name,
            shortName: shortName,
            value: value,
            isRepeatable: isRepeatable,
            isInternal: isInternal,
            help: help,
        )
        self.set = set
    }

    /// Creates a flag without a value; it makes a property true.
    init(
        _ name: String,
        short shortName: String? = nil,
        isInternal: Bool = false,
        _ help: String,
        _ property: any WritableKeyPath<Owner, Bool> & Sendable,
    ) {
        self.init(name, short: shortName, nil, isInternal: isInternal, help) { command, _, _ in
            command[keyPath: property] = true
        }
    }

    init(
        _ name: String,
        short shortName: String? = nil,
        _ value: String,
        _ help: String,
        _ property: any WritableKeyPath<Owner, String?> & Sendable
    ) {
        self.init(name, short: shortName, value, help) { command, _, value in command[keyPath: property] = value }
    }

    /// Creates a repeatable flag; a value that is given twice counts once.
    init(_ name: String, _ value: String, _ help: String, _ property: any WritableKeyPath<Owner, [String]> & Sendable) {
        self.init(name, value, isRepeatable: true, help) { command, _, value in
            command[keyPath: property] = (command[keyPath: property] + [value]).unique()
        }
    }
}

/// The syntax of a flag, and its help.
struct FlagForm: Sendable {
    /// The name with its two dashes.
    let name: String

    /// The name with one dash and one letter, `nil` if there is none.
    let shortName: String?

    /// The name of the value in the help, `nil` if the flag takes none.
    var value: String?
    var isRepeatable = false

    /// Whether only the program's units, scripts and processes use the flag, in which case the help does not show it.
    var isInternal = false

    let help: String

    /// The names and the value, as the help shows them.
    var usage: String {
        let names = [shortName, name].compactMap(\.self).joined(separator: ", ")
        return value.map { "\(names) \($0)" } ?? names
    }

    // Commands do not declare these flags.
    static let helpNames = ["-h", "--help"]
    static let versionName = "--version"
}

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

    static var offline: Flag {
        Flag(
            "--offline",
            nil,
            "look at no file of the node: only at the task file, its drop-ins, and manifests that exist here"
        ) { _, options, _ in options.isOffline = true }
    }

    static var root: Flag { root("put DIR before every path that a task writes or has written") }

    static func root(_ help: String) -> Flag {
        Flag("--root", "DIR", help) { _, options, value in options.root = value }
    }

    static var output: Flag {
        Flag(
            "--output",
            short: "-o",
            alternatives(OutputFormat.allCases),
            "output for people, or for programs (default: \(OutputFormat.text.rawValue))"
        ) { (_, options, value) throws(UsageError) in options.output = try choice("output", value) }
    }

    /// Creates flag `--output` of a command with its own formats.
    static func output<Format: RawRepresentable<String> & CaseIterable & Sendable>(
        _ help: String,
        _ property: any WritableKeyPath<Owner, Format> & Sendable
    ) -> Flag {
        Flag("--output", short: "-o", alternatives(Array(Format.allCases)), help) {
            (command, options, value) throws(UsageError) in
            command[keyPath: property] = try choice("output", value)
            options.output = OutputFormat(rawValue: value) ?? .text
        }
    }
}

/// Formats possible values for help and messages, such as `text|json`.
func alternatives<Choice: RawRepresentable<String>>(_ choices: [Choice]) -> String {
    choices.map(\.rawValue).joined(separator: "|")
}

/// Parses a flag's value, which must be a raw value of `Choice`; `kind` is the flag's name without dashes.
func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ kind: String,
    _ value: String,
) throws(UsageError) -> Choice {
    if let choice = Choice(rawValue: value) { return choice }
    let known = Choice.allCases.map(\.rawValue)
    let hint = nameMeant(by: value, in: known).map { "did you mean '\($0)'?" }
    let all = "expected one of \(known.map { "'\($0)'" }.joined(separator: ", "))"
    throw UsageError("invalid value '\(value)' for --\(kind) (\(hint ?? all))")
}

/// The common options of a call, its environment, and facts about the called command.
struct Options: Sendable {
    static let defaultConfig = "/etc/nest-bootstrap/bootstrap.yaml"

    var config = Options.defaultConfig
    var output = OutputFormat.text

    /// The roles of the node, separated by commas; they override `NEST_ROLE` and the roles of the host name.
    var role: String?

    /// The host name of the node, `nil` for the name of this machine.
    var hostName: String?

    /// The root directory of the paths that tasks write, and of the files that they read if these exist there.
    var root: String?

    /// Whether only task files and manifests are read, because this machine is not the node.
    var isOffline = false
    var environment: [String: String] = [:]

    /// ``Command/isDryRun`` of the command.
    var isDryRun = false

    /// ``Command/acts`` of the command.
    var acts = false

    /// The directory of the drop-ins, such as `bootstrap.d` for task file `bootstrap.yaml`.
    var dropInDirectory: String {
        let slash = config.lastSlash.map(config.index(after:)) ?? config.startIndex
        let name = config[slash...]
        guard let dot = name.lastIndex(of: "."), dot > name.startIndex else { return "\(config).d" }
        return "\(config[..<dot]).d"
    }

    /// The flags that select the task file, the node and the root, for another call of the program.
    var commonArguments: [String] {
        let pairs = [
            ("--config", config == Self.defaultConfig ? nil : config), ("--role", role), ("--host-name", hostName),
            ("--root", root),
        ]
        return pairs.flatMap { flag, value in value.map { [flag, $0] } ?? [] }
    }

    /// Returns the quoted command line of a call for the same node, for a message.
    func quotedCall(_ words: [String]) -> String {
        quotedShellLine(["nest-bootstrap"] + words + commonArguments)
    }

    /// Whether the program can notify a service manager, because it runs in a service.
    var isService: Bool { environment["NOTIFY_SOCKET"] != nil }

    /// The environment of child processes that must not notify the service manager.
    var childEnvironment: [String: String] { environment.filter { $0.key != "NOTIFY_SOCKET" } }
}
