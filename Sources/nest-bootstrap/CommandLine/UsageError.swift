import Base

/// Arguments that the program does not understand.
struct UsageError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The problem, with a suggestion of what to type instead.
    var message: String

    /// The name of the command, if it is known.
    var command: String?

    init(_ message: String, of command: (any Command.Type)? = nil) {
        self.message = message
        self.command = command?.name
    }

    /// Creates an error about a flag that only other commands have.
    init(misplaced flag: FlagForm, _ command: any Command.Type) {
        // Other commands may have a flag with the same name but different values.
        let shown = shownCommands.filter { $0.has(flag) }
        let owners = quotedList((shown.isEmpty ? commands.filter { $0.has(flag) } : shown).map { $0.name })
        let message = "'\(command.name)' has no flag '\(flag.name)'"
        self.init("\(message) (it belongs to \(owners))", of: command)
    }

    /// The message and the call that shows the help.
    var description: String {
        let call = ["nest-bootstrap", command, "--help"].compactMap(\.self).joined(separator: " ")
        return "\(message); see '\(call)'"
    }

    /// Returns the same error for the arguments of a command.
    func with(_ command: any Command.Type) -> UsageError { UsageError(message, of: command) }

    /// Creates an error about an unknown word.
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
