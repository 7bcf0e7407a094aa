import Base
import Reporting

/// The parsed arguments.
enum Invocation: Sendable {
    /// To perform a command.
    case perform(any Command, Options)
    /// The help of a command, or of the program.
    case help((any Command.Type)?)
    case version
}

/// Parses the arguments of the program.
///
/// - Parameter arguments: The arguments without the program's own name.
/// - Returns: What they ask for, without environment variables.
/// - Throws: ``UsageError`` for the first argument that is not understood. A request for help is a normal result, also if
///   the other arguments are wrong.
func parseArguments(_ arguments: [String]) throws(UsageError) -> Invocation {
    var parser = ArgumentParser(arguments)
    return try parser.parse()
}

/// Turns the arguments of a systemd generator into those of the command `units`.
///
/// - Parameter arguments: The program's own name and the arguments.
/// - Returns: The arguments without the name; by the name of a generator they are the directories of ``UnitsCommand``.
func argumentsByName(_ arguments: [String]) -> [String] {
    guard let name = arguments.first else { return [] }
    let rest = Array(arguments.dropFirst())
    return name.hasSuffix("-generator") ? [UnitsCommand.name] + rest : rest
}

/// Finds the output format for an error in the arguments.
///
/// - Parameter arguments: The arguments without the program's own name.
/// - Returns: The last format that a flag of the command asks for, whatever the other arguments are. If the command is
///   not known, or has no flag of that name, the flag of other commands counts.
func wantedOutput(_ arguments: [String]) -> OutputFormat {
    // The option that a flag sets says whether it takes a format: the value of `init --output` is a file.
    TypedWords(arguments).options.output
}

/// Sorts arguments into a command, flags and names.
private struct ArgumentParser {
    private var rest: ArraySlice<String>
    private var words: [String] = []
    private var flags: [GivenFlag] = []
    private var isHelp = false
    private var isVersion = false

    init(_ arguments: [String]) {
        rest = arguments[...]
    }

    /// The command, if the first word is one.
    private var command: (any Command.Type)? { words.first.flatMap(findCommand) }

    mutating func parse() throws(UsageError) -> Invocation {
        do throws(UsageError) {
            try sort()
        } catch {
            // A request for help is answered although the arguments are wrong.
            guard isHelp || rest.contains(where: Self.isHelpFlag) else { throw error }
            return .help(command)
        }
        if words.first == "help" { return .help(try helpSubject()) }
        if isHelp { return .help(command) }
        if isVersion {
            guard let word = words.first else { return .version }
            throw UsageError("'\(FlagForm.versionName)' takes no arguments: '\(word)'")
        }
        return try call()
    }

    private static func isHelpFlag(_ argument: String) -> Bool {
        FlagForm.helpNames.contains(argument)
    }

    private mutating func sort() throws(UsageError) {
        while let argument = rest.popFirst() {
            if argument == "--" {
                words += rest
                rest = []
            } else if argument == FlagForm.versionName {
                isVersion = true
            } else if argument.hasPrefix("-"), argument != "-" {
                for part in FlagForm.parts(of: argument, for: command) { try add(part) }
            } else {
                words.append(argument)
            }
        }
    }

    private mutating func add(_ part: FlagForm.Part) throws(UsageError) {
        guard Self.isHelpFlag(part.name) else {
            flags.append(try flag(part))
            return
        }
        guard part.value == nil else { throw UsageError("flag '\(part.name)' takes no value", of: command) }
        isHelp = true
    }

    /// The names of the flags that may be meant, each once.
    private var knownFlags: [String] {
        let known = command?.shownFlags ?? FlagForm.all.filter { !$0.isInternal }
        let names =
            known.flatMap { [$0.shortName, $0.name].compactMap(\.self) } + FlagForm.helpNames + [FlagForm.versionName]
        return names.unique()
    }

    /// Whether the command has a flag, or may have it because it is not known yet.
    private func isKnown(_ flag: FlagForm) -> Bool { command.map { $0.has(flag) } ?? true }

    private mutating func flag(_ part: FlagForm.Part) throws(UsageError) -> GivenFlag {
        // A letter may be the first one of a long name, also if another command has a flag of that letter.
        let meant = part.name.count == 2 ? "-\(part.name)" : nil
        let isMeant = knownFlags.count { $0.hasPrefix(meant ?? part.name) } == 1
        guard let flag = FlagForm.named(part.name, of: command), !isMeant || isKnown(flag) else {
            throw .unknown("flag", part.name, meaning: meant, among: knownFlags, of: command)
        }
        guard let valueName = flag.value else {
            if part.value == nil { return GivenFlag(form: flag, value: "") }
            throw UsageError("flag '\(flag.name)' takes no value", of: command)
        }
        if let value = part.value, !value.isEmpty { return GivenFlag(form: flag, value: value) }
        if part.value == nil, flag.isValueOptional { return try flagWithOptionalValue(flag, valueName) }
        guard part.value == nil, let value = rest.first, !value.isEmpty, !value.hasPrefix("--") else {
            let usage = flag.isValueOptional ? "\(flag.name)=\(valueName)" : flag.usage
            throw UsageError("flag '\(flag.name)' requires a value: '\(usage)'", of: command)
        }
        rest = rest.dropFirst()
        return GivenFlag(form: flag, value: value)
    }

    /// A flag whose value may be left out, and that has none in its own argument.
    private mutating func flagWithOptionalValue(_ flag: FlagForm, _ valueName: String) throws(UsageError) -> GivenFlag {
        guard let next = rest.first else { return GivenFlag(form: flag, value: "") }
        if next.hasPrefix("-"), isNumber(next) {
            // No flag is a number, and journalctl reads '-b -1' so.
            rest = rest.dropFirst()
            return GivenFlag(form: flag, value: next)
        }
        // A name cannot be meant: it would be looked for among the tasks.
        guard flag.isOptionalValue?(next) == true else { return GivenFlag(form: flag, value: "") }
        throw UsageError("the value of '\(flag.name)' follows '=': '\(flag.name)=\(next)'", of: command)
    }

    private func helpSubject() throws(UsageError) -> (any Command.Type)? {
        if words.count > 2 { throw UsageError("'help' takes one command: unexpected argument '\(words[2])'") }
        guard words.count > 1, words[1] != "help" else { return nil }
        guard let command = findCommand(words[1]) else {
            throw .unknown("command", words[1], among: shownCommands.map { $0.name })
        }
        return command
    }

    private func call() throws(UsageError) -> Invocation {
        guard let word = words.first else { throw UsageError("no command given") }
        guard let command else {
            throw .unknown("command", word, among: shownCommands.map { $0.name } + ["help"])
        }
        return try command.parse(Array(words.dropFirst()), flags)
    }
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
    /// - Returns: The command and the options, without environment variables.
    /// - Throws: ``UsageError`` for what is wrong.
    fileprivate static func parse(_ names: [String], _ given: [GivenFlag]) throws(UsageError) -> Invocation {
        do throws(UsageError) {
            try check(given)
            var command = Self()
            var options = Options()
            for given in given { try flag(named: given.form)?.set(&command, &options, given.value) }
            try command.setArguments(names, options)
            (options.isDryRun, options.acts) = (command.isDryRun, command.acts)
            options.runsInSandbox = command.runsInSandbox
            guard options.isForAllNodes, options.hostName != nil || options.role != nil else {
                return .perform(command, options)
            }
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
