import Base
import Reporting

/// A flag of a command, and what it sets.
struct Flag<Owner: Command>: Sendable {
    /// Sets a property of the command, or of the options that several commands have, to a value.
    typealias Action = @Sendable (inout Owner, inout Options, _ value: String) throws(UsageError) -> Void

    let form: FlagForm
    let set: Action

    private init(_ form: FlagForm, _ set: @escaping Action) {
        (self.form, self.set) = (form, set)
    }

    /// Creates a flag with a value.
    init(
        _ name: String,
        short shortName: String? = nil,
        _ value: String,
        isRepeatable: Bool = false,
        isOptionalValue: (@Sendable (String) -> Bool)? = nil,
        _ help: String,
        _ set: @escaping Action,
    ) {
        let form = FlagForm(
            name: name,
            shortName: shortName,
            value: value,
            isOptionalValue: isOptionalValue,
            isRepeatable: isRepeatable,
            help: help,
        )
        self.init(form, set)
    }

    /// Creates a flag without a value.
    init(
        _ name: String,
        short shortName: String? = nil,
        isInternal: Bool = false,
        _ help: String,
        _ set: @escaping @Sendable (inout Owner, inout Options) -> Void,
    ) {
        let form = FlagForm(name: name, shortName: shortName, isInternal: isInternal, help: help)
        self.init(form) { command, options, _ in set(&command, &options) }
    }

    /// Creates a flag without a value that makes a property true.
    init(
        _ name: String,
        short shortName: String? = nil,
        isInternal: Bool = false,
        _ help: String,
        _ property: any WritableKeyPath<Owner, Bool> & Sendable,
    ) {
        self.init(name, short: shortName, isInternal: isInternal, help) { command, _ in
            command[keyPath: property] = true
        }
    }

    /// Creates a flag whose value is any text.
    init(_ name: String, _ value: String, _ help: String, _ property: any WritableKeyPath<Owner, String?> & Sendable) {
        self.init(name, value, help) { command, _, value in command[keyPath: property] = value }
    }

    /// Creates a flag that may be given several times; a value that is given twice counts once.
    init(_ name: String, _ value: String, _ help: String, _ property: any WritableKeyPath<Owner, [String]> & Sendable) {
        self.init(name, value, isRepeatable: true, help) { command, _, value in
            command[keyPath: property] = (command[keyPath: property] + [value]).unique()
        }
    }
}

/// The form of a flag, and what the help says about it.
struct FlagForm: Sendable {
    /// The name as it is typed, with its two dashes.
    let name: String

    /// The name with one dash and one letter, if it has one.
    let shortName: String?

    /// The name of its value in the help, or `nil` if it takes none.
    var value: String?

    /// Whether a word can only be meant as the value, for a flag whose value may be left out; `nil` for others.
    ///
    /// The value is in the same argument, or is a number below 0 in the next.
    var isOptionalValue: (@Sendable (String) -> Bool)?

    var isValueOptional: Bool { isOptionalValue != nil }

    /// Whether it may be given several times.
    var isRepeatable = false

    /// Whether only this program itself uses it, and the help does not show it.
    var isInternal = false

    let help: String

    /// The name with the form of its value, as in the help.
    var usage: String {
        let names = [shortName, name].compactMap(\.self).joined(separator: ", ")
        guard let value else { return names }
        return isValueOptional ? "\(names)[=\(value)]" : "\(names) \(value)"
    }

    /// The flags that show help, and are not part of a command.
    static let helpNames = ["-h", "--help"]

    /// The flag that shows the version, and is not part of a command.
    static let versionName = "--version"

    /// The flags of all commands.
    static let all = commands.flatMap { $0.flagForms }

    /// Finds a flag by one of its names: that of a command, or any if the command has none or is not known yet.
    static func named(_ name: String, of command: (any Command.Type)?) -> FlagForm? {
        command?.flagForms.first { $0.has(name) } ?? all.last { $0.has(name) }
    }

    private func has(_ name: String) -> Bool { self.name == name || shortName == name }
}

/// A flag in the arguments.
struct GivenFlag {
    let form: FlagForm
    let value: String
}

extension Command {
    static var flagForms: [FlagForm] { flags.map(\.form) }

    /// The flags that its help shows.
    static var shownFlags: [FlagForm] { flagForms.filter { !$0.isInternal } }

    /// Whether it has a flag of the same name.
    static func has(_ form: FlagForm) -> Bool { flag(named: form) != nil }

    /// The command's flag of that name; one before the command may have been found as another command's.
    private static func flag(named form: FlagForm) -> Flag<Self>? { flags.first { $0.form.name == form.name } }

    /// Parses the arguments of one call.
    ///
    /// - Parameters:
    ///   - names: The positional arguments.
    ///   - given: The flags.
    /// - Returns: The options, without environment variables.
    /// - Throws: ``UsageError`` for what is wrong.
    static func options(_ names: [String], _ given: [GivenFlag]) throws(UsageError) -> Options {
        do throws(UsageError) {
            try check(given)
            var command = Self()
            var options = Options(command)
            for given in given { try flag(named: given.form)?.set(&command, &options, given.value) }
            try command.setArguments(names, options)
            options.command = command
            guard options.isForAllNodes, options.hostName != nil || options.role != nil else { return options }
            let other = options.hostName == nil ? "--role" : "--host-name"
            throw UsageError("'--all-nodes' and '\(other)' are mutually exclusive")
        } catch {
            throw error.with(Self.self)
        }
    }

    /// Sets an option that several commands have, if a flag is for one and its value is right.
    static func set(_ given: GivenFlag, _ options: inout Options) {
        var command = Self()
        try? flag(named: given.form)?.set(&command, &options, given.value)
    }

    /// Refuses flags of other commands and flags that are given twice.
    private static func check(_ given: [GivenFlag]) throws(UsageError) {
        var seen: Set<String> = []
        for given in given {
            guard let form = flag(named: given.form)?.form else { throw UsageError(misplaced: given.form, Self.self) }
            guard seen.insert(form.name).inserted || form.isRepeatable || form.value == nil else {
                throw UsageError("flag '\(form.name)' was given more than once")
            }
        }
    }

    /// Refuses arguments of a command that has none.
    ///
    /// - Parameters:
    ///   - names: The arguments.
    ///   - options: The flags that several commands have.
    ///   - hint: What to type, unless the argument looks like a task file and the command has one.
    /// - Throws: ``UsageError`` if there are arguments.
    static func refuse(_ names: [String], _ options: Options, hint: String? = nil) throws(UsageError) {
        guard let name = names.first else { return }
        var hint = hint
        // Other programs take a file as an argument.
        if ["/", ".yaml", ".yml", ".json"].contains(where: name.contains),
            flags.contains(where: { $0.form.name == "--config" })
        {
            let isMissing = options.config == Options.defaultConfig
            hint = isMissing ? "use \(quotedShellLine(["--config", name]))" : nil
        }
        throw UsageError("'\(self.name)' takes no arguments: '\(name)'" + (hint.map { " (\($0))" } ?? ""))
    }
}

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

extension FlagForm {
    /// A flag as an argument has it.
    struct Part: Sendable, Hashable {
        /// Its name, with its dashes.
        var name: String
        /// The value in the same argument, or `nil` if there is none.
        var value: String?
    }

    /// Splits an argument with a dash into its flags.
    ///
    /// `--name=value`, `-o=value` and `-ovalue` have a value, `-fb` is two flags. The letter of the help is one too.
    ///
    /// - Parameters:
    ///   - argument: The argument.
    ///   - command: The command, if it is known.
    /// - Returns: The flags. An argument with an unknown letter is one unknown flag.
    static func parts(of argument: String, for command: (any Command.Type)?) -> [Part] {
        let halves = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let whole = Part(name: halves[0], value: halves.count == 2 ? halves[1] : nil)
        // A long name with one dash is a mistake, and not a letter with a value.
        guard !argument.hasPrefix("--"), halves[0].count > 2, named("-\(halves[0])", of: command) == nil else {
            return [whole]
        }
        var parts: [Part] = []
        var rest = argument.dropFirst()
        while let letter = rest.popFirst() {
            let name = "-\(letter)"
            let flag = named(name, of: command)
            guard flag != nil || helpNames.contains(name) else { return [whole] }
            guard rest.first == "=" || flag?.takes(rest) == true else {
                parts.append(Part(name: name))
                continue
            }
            parts.append(Part(name: name, value: String(rest.first == "=" ? rest.dropFirst() : rest)))
            return parts
        }
        return parts
    }

    /// Whether what follows the letter of the flag is its value, and not further letters.
    private func takes(_ rest: Substring) -> Bool {
        guard let first = rest.first, value != nil else { return false }
        // The short name of a flag is a letter.
        return !isValueOptional || !first.isLetter
    }
}
