import YAML

/// Arguments that the program does not understand.
public struct UsageError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong, with what could be typed instead.
    public var message: String

    /// The command that was given, as far as it is known.
    public var command: CommandName?

    /// Creates an error.
    public init(_ message: String, command: CommandName? = nil) {
        self.message = message
        self.command = command
    }

    /// The message and the call that tells more.
    public var description: String {
        let call = ["nest-bootstrap", command?.rawValue, "--help"].compactMap(\.self).joined(separator: " ")
        return "\(message); see '\(call)'"
    }

    /// Creates an error about a word that is none of those known.
    static func unknown(
        _ kind: String,
        _ word: String,
        among known: [String],
        command: CommandName? = nil,
    ) -> UsageError {
        let near = nearestName(to: word, in: known)
        let hint = near.map { "did you mean '\($0)'?" } ?? "known are \(known.joined(separator: ", "))"
        return UsageError("unknown \(kind) '\(word)', \(hint)", command: command)
    }
}
