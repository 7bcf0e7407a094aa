/// What somebody would type in a shell, as the keys of `exec` have it.
public struct ExecLine: Sendable, Hashable {
    private let command: String
    private let arguments: [String]

    /// Splits a line.
    ///
    /// - Parameter line: The line. One with pipes, quotes or variables is given to a shell as a whole.
    public init(_ line: String) {
        let words = line.split(whereSeparator: \.isWhitespace).map(String.init)
        let needsShell = line.contains { "|&;<>()$`*?\"'\\\n".contains($0) } || words.first?.contains("=") == true
        self.init(needsShell ? ["sh", "-c", line] : words)
    }

    /// Takes a command with its arguments.
    init(_ words: [String]) {
        (command, arguments) = (words.first ?? "", Array(words.dropFirst()))
    }

    /// The keys in a sentence: `command: kubectl and args: [get, nodes]`.
    public var keys: String { arguments.isEmpty ? commandKey : "\(commandKey) and \(argumentsKey)" }

    /// The keys as a mapping: `{command: kubectl, args: [get, nodes]}`.
    var mapping: String { arguments.isEmpty ? "{\(commandKey)}" : "{\(commandKey), \(argumentsKey)}" }

    private var commandKey: String { "command: \(Self.scalar(command))" }

    private var argumentsKey: String { "args: [\(arguments.map(Self.scalar).joined(separator: ", "))]" }

    /// Words that are no strings in YAML.
    private static let otherScalars: Set = ["true", "false", "yes", "no", "on", "off", "null", "~"]

    /// A text as it is typed in a list in brackets, in quotes only where YAML needs them.
    private static func scalar(_ text: String) -> String {
        // A dash begins an item only before a space.
        let word = text.drop { $0 == "-" }
        let isWord = !word.isEmpty && !word.contains { $0.isWhitespace || $0 == "'" }
        let isPlain = isWord && typed(String(word)) == word && !otherScalars.contains(text.lowercased())
        return isPlain ? text : "'\(text.replacing("'", with: "''"))'"
    }
}
