import Base
import YAML

/// A shell command line, written as the keys of `exec`.
public struct ExecLine: Sendable, Hashable {
    private let command: String
    private let arguments: [String]

    /// Splits a line into words, or returns `nil` if it has no word.
    ///
    /// - Parameters:
    ///   - line: The line. A line that only a shell can interpret is passed to `sh -c` as a whole.
    ///   - more: The arguments to append to the line.
    init?(_ line: String, before more: [String] = []) {
        let words = line.split(whereSeparator: \.isWhitespace).map(String.init)
        guard let first = words.first else { return nil }
        let needsShell = Self.isForShell(line) || first.contains("=") || Self.builtins.contains(first)
        let whole = more.isEmpty ? line : "\(line) \(shellLine(more))"
        self.init(needsShell ? ["sh", "-c", whole] : words + more)
    }

    /// Returns whether a line contains a character that is special to a shell.
    private static func isForShell(_ line: String) -> Bool { line.contains { "|&;<>()$`*?[~#\"'\\\n".contains($0) } }

    /// Returns the words of a text as the key for arguments: `args: [get, nodes]`.
    ///
    /// - Parameter text: The text.
    /// - Returns: The key with its value, or `nil` if only a shell can split the text.
    static func arguments(_ text: String) -> String? {
        isForShell(text)
            ? nil : ExecLine([""] + text.split(whereSeparator: \.isWhitespace).map(String.init)).argumentsKey
    }

    /// Commands that are built into shells, and that a program of the same name cannot replace.
    private static let builtins: Set = [
        ".", "cd", "eval", "exec", "exit", "export", "set", "source", "ulimit", "umask", "unset",
    ]

    /// Creates a command line from a command and its arguments.
    init(_ words: [String]) {
        (command, arguments) = (words.first ?? "", Array(words.dropFirst()))
    }

    /// Returns whether a command is a path rather than a name, even if arguments follow it.
    public static func isPath(_ command: String) -> Bool { command.prefix { !$0.isWhitespace }.hasSlash }

    /// The keys in a sentence: `command: kubectl and args: [get, nodes]`.
    var keys: String { arguments.isEmpty ? commandKey : "\(commandKey) and \(argumentsKey)" }

    /// The keys as a mapping: `{command: kubectl, args: [get, nodes]}`.
    var mapping: String { arguments.isEmpty ? "{\(commandKey)}" : "{\(commandKey), \(argumentsKey)}" }

    private var commandKey: String { "command: \(Self.scalar(command, mayBeNumber: false))" }

    private var argumentsKey: String {
        "args: [\(arguments.map { Self.scalar($0, mayBeNumber: true) }.joined(separator: ", "))]"
    }

    /// Returns a text as an item of a YAML list in brackets, in quotes only if YAML needs them.
    private static func scalar(_ text: String, mayBeNumber: Bool) -> String {
        // Only a string in double quotes can contain line breaks and other control characters.
        guard !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
            return String(decoding: Node.string(text).json(), as: UTF8.self)
        }
        // A dash begins an item only before a space.
        let word = text.drop { $0 == "-" }
        let isWord = !word.isEmpty && !word.contains { $0.isWhitespace || $0 == "'" }
        let isPlain = isWord && typed(String(word)) == word && isText(text, orNumber: mayBeNumber)
        return isPlain ? text : "'\(text.replacing("'", with: "''"))'"
    }

    /// Returns whether YAML reads a text without quotes as a string, or as a number if numbers are allowed.
    private static func isText(_ text: String, orNumber mayBeNumber: Bool) -> Bool {
        switch Node.Content(plain: text) {
        case .string?: true
        case .number?: mayBeNumber
        case .null?, .boolean?, .sequence?, .mapping?, nil: false
        }
    }
}

extension Footprint.Command {
    /// The keys to suggest if the command's name is a whole command line; `nil` if the name is a single word.
    public var keysOfLine: String? {
        name.path.contains(where: \.isWhitespace) ? ExecLine(name.path, before: arguments)?.keys : nil
    }
}

extension ValueReader where Value == [String] {
    /// The arguments of a program.
    ///
    /// A text with several words is reported with a hint that splits it into items.
    static var arguments: Self {
        let list = Self.list(of: .argument, "arguments")
        return Self(type: list.type, allowsLiteral: list.allowsLiteral) { value in
            guard let text = value.node.string, text.contains(where: \.isWhitespace) else { return list.read(value) }
            let keys = ExecLine.arguments(text)
            let hint = keys.map { "write \($0)" } ?? "write each argument as an item: args: [ARGUMENT, ARGUMENT]"
            value.reportTypeMismatch("a list of arguments", hint: hint)
            return nil
        }
    }
}
