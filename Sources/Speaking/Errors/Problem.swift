public import YAML

/// One printed line of what is wrong.
public struct Problem: Sendable, Hashable, CustomStringConvertible {
    /// Where the fault stands, where it stands in a file.
    public var place: Place?

    /// What is wrong, with its causes.
    public var message: String

    /// What to type or do.
    public var hint: String?

    /// Creates a problem.
    public init(_ message: String, place: Place? = nil, hint: String? = nil) {
        self.place = place
        self.message = message
        self.hint = hint
    }

    /// Creates the problem that a diagnostic describes.
    public init(_ diagnostic: Diagnostic) {
        let isSomewhere = !diagnostic.place.file.isEmpty
        self.init(diagnostic.message, place: isSomewhere ? diagnostic.place : nil, hint: diagnostic.hint)
    }

    /// The printed line: `file:line:column: message; hint`, without control characters.
    public var description: String {
        let words = hint.map { "\(message); \($0)" } ?? message
        return printable(place.map { "\($0): \(words)" } ?? words)
    }
}
