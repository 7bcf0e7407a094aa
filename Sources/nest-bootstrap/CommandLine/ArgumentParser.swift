import Base
import Reporting

/// The parsed arguments.
enum Invocation: Sendable {
    /// A command to perform.
    case perform(any Command, Options)
    /// A request for the help of a command, or of the program if the command is `nil`.
    case help((any Command.Type)?)
    case version
}

/// Parses the arguments of the program.
///
/// - Parameter arguments: The arguments without the program's own name.
/// - Returns: The command with its options, or the request for help.
/// - Throws: ``UsageError`` for the first argument that is not understood. A request for help is a normal result, even
///   if the other arguments are wrong.
func parseArguments(_ arguments: [String]) throws(UsageError) -> Invocation {
    var parser = ArgumentParser(arguments)
    return try parser.parse()
}

/// Converts the arguments of a systemd generator to arguments of the command `units`.
///
/// - Parameter arguments: The program's own name and the arguments.
/// - Returns: The arguments without the name, preceded by the command `units` if the name ends in `-generator`.
func argumentsByName(_ arguments: [String]) -> [String] {
    guard let name = arguments.first else { return [] }
    let rest = Array(arguments.dropFirst())
    return name.hasSuffix("-generator") ? [UnitsCommand.name] + rest : rest
}

/// Returns the output format in which to report an error in the arguments.
///
/// - Parameter arguments: The arguments without the program's own name.
/// - Returns: The last format that a flag of the command requests, regardless of the other arguments. If the command is
///   unknown or does not have such a flag, the flags of other commands count.
func wantedOutput(_ arguments: [String]) -> OutputFormat {
    // The raw argument is not enough, because the value of `init --output` is a file and not a format.
    TypedWords(arguments).options.output
}

/// Sorts arguments into a command, flags and names.
private struct ArgumentParser {
    private var rest: ArraySlice<String>
    private var words: [String] = []
    private var flags: [GivenFlag] = []
    private var isHelp = false
    private var isVersion = false

    /// The first command that an argument names, even as the value of a flag.
    ///
    /// Its flags are searched before those of all commands, which take longer to create.
    private let likelyCommand: (any Command.Type)?

    init(_ arguments: [String]) {
        rest = arguments[...]
        likelyCommand = arguments.lazy.compactMap(findCommand).first
    }

    /// The command, if the first word is the name of a command.
    private var command: (any Command.Type)? { words.first.flatMap(findCommand) }

    mutating func parse() throws(UsageError) -> Invocation {
        do throws(UsageError) {
            try sort()
        } catch {
            // A request for help is answered even if the arguments are wrong.
            guard isHelp || rest.contains(where: Self.isHelpFlag) else { throw error }
            return .help(command)
        }
        if words.isEmpty, flags.isEmpty, !isVersion { return .help(nil) }
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

    /// The names of the flags that are valid for the command, or for any command before it is known.
    private var knownFlags: [String] {
        let known = command?.shownFlags ?? shownCommands.flatMap { $0.shownFlags }
        // No command takes the flag of the program's version.
        let names =
            known.flatMap { [$0.shortName, $0.name].compactMap(\.self) } + FlagForm.helpNames
            + (command == nil ? [FlagForm.versionName] : [])
        return names.unique()
    }

    /// Returns whether the command has a flag; always `true` before the command is known.
    private func isKnown(_ flag: FlagForm) -> Bool { command.map { $0.has(flag) } ?? true }

    /// Finds the flag that an argument names.
    private func form(_ part: FlagForm.Part) throws(UsageError) -> FlagForm {
        let named = FlagForm.named(part.name, of: command ?? likelyCommand)
        if let named, isKnown(named) { return named }
        // A letter may be meant as the beginning of a long name, even if another command has a flag with that letter.
        let meant = part.name.count == 2 ? "-\(part.name)" : nil
        let known = knownFlags
        let beginning = known.filter { $0.hasPrefix(meant ?? part.name) }
        guard let named, beginning.count != 1 else {
            throw .unknown("flag", part.name, meaning: meant, among: known, of: command)
        }
        return named
    }

    private mutating func flag(_ part: FlagForm.Part) throws(UsageError) -> GivenFlag {
        let flag = try form(part)
        guard flag.value != nil else {
            if part.value == nil { return GivenFlag(form: flag, value: "") }
            throw UsageError("flag '\(flag.name)' takes no value", of: command)
        }
        if let value = part.value, !value.isEmpty { return GivenFlag(form: flag, value: value) }
        guard part.value == nil, let value = rest.first, !value.isEmpty, !value.hasPrefix("--") else {
            // The flag may have been found among those of a command that is only the value of another flag.
            let shown = FlagForm.named(part.name, of: command) ?? flag
            throw UsageError("flag '\(flag.name)' requires a value: '\(shown.usage)'", of: command)
        }
        rest = rest.dropFirst()
        return GivenFlag(form: flag, value: value)
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
        guard let word = words.first else {
            let owners = flags.first.map { given in shownCommands.filter { $0.has(given.form) }.map { $0.name } } ?? []
            guard let given = flags.first, !owners.isEmpty else { throw UsageError("no command given") }
            throw UsageError("no command given (flag '\(given.form.name)' belongs to \(quotedList(owners)))")
        }
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

    /// The flags that the help of the command shows.
    static var shownFlags: [FlagForm] { flagForms.filter { !$0.isInternal } }

    /// Returns whether the command has a flag with the name of the given form.
    static func has(_ form: FlagForm) -> Bool { flag(named: form) != nil }

    /// Finds the command's flag by name, because the form may be that of another command's flag.
    private static func flag(named form: FlagForm) -> Flag<Self>? { flags.first { $0.form.name == form.name } }

    /// Parses the arguments of one call.
    ///
    /// - Parameters:
    ///   - names: The positional arguments.
    ///   - given: The flags.
    /// - Returns: The command and the options, without environment variables.
    /// - Throws: ``UsageError`` for the first error in the arguments.
    fileprivate static func parse(_ names: [String], _ given: [GivenFlag]) throws(UsageError) -> Invocation {
        do throws(UsageError) {
            try check(given)
            var command = Self()
            var options = Options()
            for given in given { try flag(named: given.form)?.set(&command, &options, given.value) }
            try command.setArguments(names, options)
            (options.isDryRun, options.acts) = (command.isDryRun, command.acts)
            guard options.isForAllNodes, options.hostName != nil || options.role != nil else {
                return .perform(command, options)
            }
            let other = options.hostName == nil ? "--role" : "--host-name"
            throw UsageError("'--all-nodes' and '\(other)' are mutually exclusive")
        } catch {
            throw error.with(Self.self)
        }
    }

    /// Sets a common option if the flag belongs to a common option and its value is valid.
    static func set(_ given: GivenFlag, _ options: inout Options) {
        var command = Self()
        try? flag(named: given.form)?.set(&command, &options, given.value)
    }

    /// Refuses flags of other commands and flags that are given more than once.
    private static func check(_ given: [GivenFlag]) throws(UsageError) {
        var seen: Set<String> = []
        for given in given {
            guard let form = flag(named: given.form)?.form else { throw UsageError(misplaced: given.form, Self.self) }
            guard seen.insert(form.name).inserted || form.isRepeatable || form.value == nil else {
                throw UsageError("flag '\(form.name)' was given more than once")
            }
        }
    }

    /// Refuses positional arguments of a command that takes none.
    ///
    /// - Parameters:
    ///   - names: The arguments.
    ///   - options: The flags that several commands have.
    ///   - hint: The text to type instead; not used if the argument looks like a task file and the command reads one.
    /// - Throws: ``UsageError`` if there are arguments.
    static func refuse(_ names: [String], _ options: Options, hint: String? = nil) throws(UsageError) {
        guard let name = names.first else { return }
        var hint = hint
        // Users of other programs may expect that the file is an argument.
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
    /// A flag as written in an argument.
    struct Part: Sendable, Hashable {
        /// The name of the flag, with its dashes.
        var name: String
        /// The value in the same argument, or `nil` if there is none.
        var value: String?
    }

    /// Splits an argument with a dash into its flags.
    ///
    /// `--name=value`, `-o=value` and `-ovalue` contain a value; `-fb` is two flags. Every command accepts `-h`, so the
    /// letter `h` may be one of several in an argument.
    ///
    /// - Parameters:
    ///   - argument: The argument.
    ///   - command: The command, if it is known.
    /// - Returns: The flags. An argument with an unknown letter is one unknown flag.
    static func parts(of argument: String, for command: (any Command.Type)?) -> [Part] {
        let halves = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let whole = Part(name: halves[0], value: halves.count == 2 ? halves[1] : nil)
        // A long name with one dash is an error, not a letter with a value.
        guard !argument.hasPrefix("--"), halves[0].count > 2, named("-\(halves[0])", of: command) == nil else {
            return [whole]
        }
        var parts: [Part] = []
        var rest = argument.dropFirst()
        while let letter = rest.popFirst() {
            let name = "-\(letter)"
            let flag = named(name, of: command)
            guard flag != nil || helpNames.contains(name) else { return [whole] }
            guard rest.first == "=" || !rest.isEmpty && flag?.value != nil else {
                parts.append(Part(name: name))
                continue
            }
            parts.append(Part(name: name, value: String(rest.first == "=" ? rest.dropFirst() : rest)))
            return parts
        }
        return parts
    }
}
