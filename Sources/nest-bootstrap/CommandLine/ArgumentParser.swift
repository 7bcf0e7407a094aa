import Base
import Reporting

enum Invocation: Sendable {
    case perform(any Command, Options)
    /// A request for the help of a command, or of the program if the command is `nil`.
    case help((any Command.Type)?)
    case version
}

/// Parses the arguments that follow the program's name, such as a command with its flags and names.
///
/// - Throws: ``UsageError`` if an argument is wrong, unless flag `--help` follows a known command.
func parseArguments(
    _ arguments: [String],
    environment: [String: String] = [:],
) throws(UsageError) -> Invocation {
    guard let first = arguments.first else { return .help(nil) }
    if first == FlagForm.versionName {
        guard arguments.count == 1 else { throw UsageError("'\(first)' takes no arguments: '\(arguments[1])'") }
        return .version
    }
    if first == "help" || FlagForm.helpNames.contains(first) { return .help(try helpSubject(arguments.dropFirst())) }
    guard !first.hasPrefix("-") else { throw UsageError("no command given (it comes before flags such as '\(first)')") }
    guard let command = findCommand(first) else {
        throw .unknown("command", first, among: shownCommands.map { $0.name } + ["help"])
    }
    let words = CallWords(arguments.dropFirst(), of: command)
    return words.isHelp ? .help(command) : try command.parse(words, environment)
}

private func helpSubject(_ words: ArraySlice<String>) throws(UsageError) -> (any Command.Type)? {
    guard let word = words.first, word != "help" else { return nil }
    if words.count > 1 {
        throw UsageError("'help' takes one command: unexpected argument '\(words[words.startIndex + 1])'")
    }
    guard let command = findCommand(word) else { throw .unknown("command", word, among: shownCommands.map { $0.name }) }
    return command
}

/// Returns the arguments without the program's name; a name that ends in `-generator` is replaced with `units`.
func argumentsByName(_ arguments: [String]) -> [String] {
    guard let name = arguments.first else { return [] }
    let rest = Array(arguments.dropFirst())
    return name.hasSuffix("-generator") ? [UnitsCommand.name] + rest : rest
}

/// Returns the common options that could be parsed, even if other arguments are wrong.
func givenOptions(_ arguments: [String]) -> Options {
    arguments.first.flatMap(findCommand).map { CallWords(arguments.dropFirst(), of: $0).options } ?? Options()
}

/// The words after the name of a command, sorted into flags and names.
struct CallWords {
    let command: any Command.Type

    private(set) var flags: [GivenFlag] = []

    /// The positional arguments.
    private(set) var names: [String] = []

    /// Whether a flag requests help, which is shown even if other words are wrong.
    private(set) var isHelp = false

    /// The first error in the words, `nil` if there is none.
    private(set) var error: UsageError?

    /// The last flag, if the word with its value is still missing.
    private(set) var openFlag: FlagForm?

    /// Whether flags may follow; `false` after `--`, which makes every following word a name.
    private(set) var mayHaveFlags = true

    init(_ words: some Sequence<String>, of command: any Command.Type) {
        self.command = command
        for word in words { add(word) }
        if let openFlag { note("flag '\(openFlag.name)' requires a value: '\(openFlag.usage)'") }
    }

    /// The common options that could be parsed; the last valid value of a flag counts.
    var options: Options {
        var options = Options()
        for given in flags { command.set(given, &options) }
        return options
    }

    private mutating func note(_ message: String) { error = error ?? UsageError(message, of: command) }

    private mutating func add(_ word: String) {
        if let flag = openFlag {
            openFlag = nil
            // A word that begins with two dashes is never the value of a flag before it.
            if !word.hasPrefix("--") { return add(flag, value: word) }
            note("flag '\(flag.name)' requires a value: '\(flag.usage)'")
        }
        if mayHaveFlags, word == "--" {
            mayHaveFlags = false
        } else if mayHaveFlags, word.hasPrefix("-"), word != "-" {
            addFlag(word)
        } else {
            names.append(word)
        }
    }

    private mutating func addFlag(_ word: String) {
        let (name, value) = command.split(word)
        if FlagForm.helpNames.contains(name), value == nil {
            isHelp = true
        } else if let flag = command.flag(named: name) {
            if flag.value == nil, value == nil {
                flags.append(GivenFlag(form: flag, value: ""))
            } else if flag.value == nil {
                note("flag '\(flag.name)' takes no value")
            } else if let value {
                add(flag, value: value)
            } else {
                openFlag = flag
            }
        } else {
            error = error ?? UsageError(unknownFlag: name, of: command)
        }
    }

    private mutating func add(_ flag: FlagForm, value: String) {
        if value.isEmpty { return note("flag '\(flag.name)' requires a value: '\(flag.usage)'") }
        flags.append(GivenFlag(form: flag, value: value))
    }
}

struct GivenFlag {
    let form: FlagForm
    let value: String
}

extension Command {
    static var flagForms: [FlagForm] { flags.map(\.form) }

    static var shownFlags: [FlagForm] { flagForms.filter { !$0.isInternal } }

    static func flag(named name: String) -> FlagForm? { flagForms.first { [$0.name, $0.shortName].contains(name) } }

    /// Splits `--name=value`, `-o=value` and `-ovalue` into name and value; for any other word, the value is `nil`.
    static func split(_ word: String) -> (name: String, value: String?) {
        let halves = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let letter = String(word.prefix(2))
        // `-config` is a mistyped long name, not flag `-c` with value `onfig`.
        if !word.hasPrefix("--"), halves[0].count > 2, flag(named: "-\(halves[0])") == nil,
            flag(named: letter)?.value != nil
        {
            return (letter, String(word.dropFirst(2)))
        }
        return (halves[0], halves.count == 2 ? halves[1] : nil)
    }

    fileprivate static func parse(
        _ words: CallWords,
        _ environment: [String: String]
    ) throws(UsageError) -> Invocation {
        if let error = words.error { throw error }
        do throws(UsageError) {
            var command = Self()
            var options = Options(environment: environment)
            var seen: Set<String> = []
            for given in words.flags {
                guard seen.insert(given.form.name).inserted || given.form.isRepeatable || given.form.value == nil else {
                    throw UsageError("flag '\(given.form.name)' was given more than once")
                }
                try flags.first { $0.form.name == given.form.name }?.set(&command, &options, given.value)
            }
            try command.setArguments(words.names, options)
            (options.isDryRun, options.acts) = (command.isDryRun, command.acts)
            return .perform(command, options)
        } catch {
            throw UsageError(error.message, of: Self.self)
        }
    }

    /// Sets the common options that a flag affects, and ignores an invalid value.
    fileprivate static func set(_ given: GivenFlag, _ options: inout Options) {
        var command = Self()
        try? flags.first { $0.form.name == given.form.name }?.set(&command, &options, given.value)
    }

    /// Refuses positional arguments that the command does not take.
    ///
    /// If the first one looks like a file and the command has flag `--config`, this flag is the hint.
    static func refuse(_ names: [String], hint: String? = nil) throws(UsageError) {
        guard let name = names.first else { return }
        let isFile = ["/", ".yaml", ".yml", ".json"].contains(where: name.contains) && flag(named: "--config") != nil
        let hint = isFile ? "use \(quotedShellLine(["--config", name]))" : hint
        throw UsageError("'\(self.name)' takes no arguments: '\(name)'" + (hint.map { " (\($0))" } ?? ""))
    }
}

struct UsageError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The problem and, if there is one, a suggestion of what to type instead.
    var message: String

    /// The name of the command whose help the description recommends, `nil` for the help of the program.
    var command: String?

    init(_ message: String, of command: (any Command.Type)? = nil) {
        self.message = message
        self.command = command?.name
    }

    init(unknownFlag name: String, of command: any Command.Type) {
        let owners = shownCommands.filter { $0.shownFlags.contains { $0.name == name } }
        guard owners.isEmpty else {
            let message = "'\(command.name)' has no flag '\(name)'"
            self.init("\(message) (it belongs to \(quotedList(owners.map { $0.name })))", of: command)
            return
        }
        let known = command.shownFlags.flatMap { [$0.shortName, $0.name].compactMap(\.self) } + FlagForm.helpNames
        // `-t` may be meant as `--task`.
        let meaning = name.count == 2 ? "-\(name)" : nil
        self = .unknown("flag", name, meaning: meaning, among: known, of: command)
    }

    var description: String {
        let call = ["nest-bootstrap", command, "--help"].compactMap(\.self).joined(separator: " ")
        return "\(message); see '\(call)'"
    }

    static func unknown(
        _ kind: String,
        _ word: String,
        meaning: String? = nil,
        among known: [String],
        of command: (any Command.Type)? = nil,
    ) -> UsageError {
        let near = nameMeant(by: meaning ?? word, in: known)
        let hint = near.map { "did you mean '\($0)'?" } ?? "expected one of \(known.joined(separator: ", "))"
        return UsageError("unknown \(kind) '\(word)' (\(hint))", of: command)
    }
}
