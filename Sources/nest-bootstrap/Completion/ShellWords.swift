/// Splits a line that was typed in a shell, up to the cursor, into words.
///
/// Quotes are removed, and a tilde at the beginning of a path is the home directory. Nothing else is expanded or run.
///
/// - Parameters:
///   - line: The line, with the name of the program.
///   - home: The home directory.
/// - Returns: The words after the name of the program; the last one is being typed, and may be empty.
func shellWords(_ line: String, home: String?) -> [String] {
    var words: [String] = []
    /// The word that is being read, or `nil` between two words.
    var word: String?
    var quote: Character?
    var rest = line[...]
    while let character = rest.popFirst() {
        switch (quote, character) {
        case (nil, " "), (nil, "\t"), (nil, "\n"):
            if let word { words.append(word) }
            word = nil
        case (nil, "'"), (nil, "\""): (quote, word) = (character, word ?? "")
        case (character, _): quote = nil
        case (nil, "\\"), ("\"", "\\"): word = (word ?? "") + (rest.popFirst().map(String.init) ?? "")
        case (nil, "~") where word == nil && rest.first == "/": word = home ?? "~"
        default: word = (word ?? "") + String(character)
        }
    }
    // Variable assignments may precede the name of the program.
    return Array((words + [word ?? ""]).drop { $0.contains("=") }.dropFirst())
}
