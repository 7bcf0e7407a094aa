import Base

/// Arguments that the program does not understand.
struct UsageError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The problem, with what could be typed instead.
    var message: String

    /// The command, if it is known.
    var command: CommandName?

    init(_ message: String, command: CommandName? = nil) {
        self.message = message
        self.command = command
    }

    /// Creates an error about a flag that only other commands have.
    init(misplaced flag: Flag, _ command: CommandName) {
        // Commands may have flags of the same name with other values.
        let owners = CommandName.shown.filter { owner in
            Flag.all.contains { $0.name == flag.name && $0.commands.contains(owner) }
        }
        let list = quotedList(owners.map(\.rawValue))
        let message = "'\(command.rawValue)' has no flag '\(flag.name)'"
        guard flag.name == "--output", let format = command.onlyFormat else {
            self.init("\(message) (it belongs to \(list))", command: command)
            return
        }
        self.init("\(message); it always prints \(format)", command: command)
    }

    /// The message and the call that shows the help.
    var description: String {
        let call = ["nest-bootstrap", command?.rawValue, "--help"].compactMap(\.self).joined(separator: " ")
        return "\(message); see '\(call)'"
    }

    /// Creates an error about an unknown word.
    static func unknown(
        _ kind: String,
        _ word: String,
        meaning: String? = nil,
        among known: [String],
        command: CommandName? = nil,
    ) -> UsageError {
        let near = nameMeant(by: meaning ?? word, in: known)
        let hint = near.map { "did you mean '\($0)'?" } ?? "expected one of \(known.joined(separator: ", "))"
        return UsageError("unknown \(kind) '\(word)' (\(hint))", command: command)
    }
}
