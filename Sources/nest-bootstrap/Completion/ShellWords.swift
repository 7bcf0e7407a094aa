/// Splits a line that was typed in a shell, up to the cursor, into words.
///
/// Quotes are removed. The home directory and variables are expanded if the environment has them; no command is run.
///
/// - Parameters:
///   - line: The line, with the name of the program.
///   - environment: The environment.
/// - Returns: The words after the name of the program; the last one is being typed, and may be empty.
func shellWords(_ line: String, environment: [String: String]) -> [String] {
    var splitter = ShellWordSplitter(line, environment)
    let words = splitter.words()
    // Variable assignments may precede the name of the program.
    return Array(words.drop(while: isAssignment).dropFirst())
}

private func isAssignment(_ word: String) -> Bool {
    guard let equals = word.firstIndex(of: "="), equals > word.startIndex else { return false }
    return word[..<equals].allSatisfy(isNameCharacter)
}

private func isNameCharacter(_ character: Character) -> Bool {
    character.isASCII && (character.isLetter || character.isNumber || character == "_")
}

private struct ShellWordSplitter {
    private let environment: [String: String]
    private var rest: Substring
    /// The word that is being read, or `nil` between two words.
    private var word: String?

    init(_ line: String, _ environment: [String: String]) {
        self.environment = environment
        rest = line[...]
    }

    mutating func words() -> [String] {
        var words: [String] = []
        while let character = rest.popFirst() {
            switch character {
            case " ", "\t", "\n":
                if let word { words.append(word) }
                word = nil
            case "'":
                append(String(rest.prefix { $0 != "'" }))
                rest = rest.drop { $0 != "'" }.dropFirst()
            case "\"": readQuoted()
            case "\\": append(rest.popFirst().map(String.init) ?? "")
            case "$": append(variable())
            case "~" where isHome: append(environment["HOME"] ?? "~")
            default: append(String(character))
            }
        }
        return words + [word ?? ""]
    }

    /// Whether the tilde that was just read begins a word and is not followed by a user name.
    private var isHome: Bool { word == nil && rest.first.map { "/ \t\n".contains($0) } ?? true }

    private mutating func append(_ text: String) { word = (word ?? "") + text }

    /// Reads the rest of a text in double quotes, where variables are expanded too.
    private mutating func readQuoted() {
        append("")
        while let character = rest.popFirst(), character != "\"" {
            switch character {
            case "\\" where rest.first.map { "\\\"$`".contains($0) } == true:
                append(rest.popFirst().map(String.init) ?? "")
            case "$": append(variable())
            default: append(String(character))
            }
        }
    }

    /// Reads the variable after a dollar sign and returns its value, or `$` if the environment does not have it.
    private mutating func variable() -> String {
        let isBraced = rest.first == "{"
        let name = rest.dropFirst(isBraced ? 1 : 0).prefix(while: isNameCharacter)
        let end = rest[name.endIndex...]
        guard !isBraced || end.first == "}", let value = environment[String(name)] else { return "$" }
        rest = isBraced ? end.dropFirst() : end
        return value
    }
}
