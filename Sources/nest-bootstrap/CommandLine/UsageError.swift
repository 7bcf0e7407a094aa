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

    /// Creates an error about a flag that the command does not have.
    init(unknownFlag name: String, of command: any Command.Type) {
        let owners = shownCommands.filter { $0.shownFlags.contains { $0.name == name } }
        guard owners.isEmpty else {
            let message = "'\(command.name)' has no flag '\(name)'"
            self.init("\(message) (it belongs to \(quotedList(owners.map { $0.name })))", of: command)
            return
        }
        let known = command.shownFlags.flatMap { [$0.shortName, $0.name].compactMap(\.self) } + FlagForm.helpNames
        // A letter may be meant as the beginning of a long name.
        let meaning = name.count == 2 ? "-\(name)" : nil
        self = .unknown("flag", name, meaning: meaning, among: known, of: command)
    }

    /// The message and the call that shows the help.
    var description: String {
        let call = ["nest-bootstrap", command, "--help"].compactMap(\.self).joined(separator: " ")
        return "\(message); see '\(call)'"
    }

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
