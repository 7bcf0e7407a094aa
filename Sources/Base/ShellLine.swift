/// Writes words as a shell takes them: those that it would read differently are in single quotes.
///
/// - Parameter words: A program and its arguments.
/// - Returns: The line.
public func shellLine(_ words: [String]) -> String {
    words.map { isPlain($0) ? $0 : "'" + $0.replacing("'", with: #"'\''"#) + "'" }.joined(separator: " ")
}

/// Whether a word has no character that means something to a shell.
private func isPlain(_ word: String) -> Bool {
    !word.isEmpty
        && word.utf8.allSatisfy { $0.isLetter || $0.isDigit || $0 >= 0x80 || "_-./:,=+@%".utf8.contains($0) }
}
