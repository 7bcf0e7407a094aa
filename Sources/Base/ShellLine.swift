/// Writes words as a shell takes them: those that it would read differently are in single quotes.
///
/// - Parameter words: A program and its arguments.
/// - Returns: The line.
public func shellLine(_ words: [String]) -> String {
    words.map { isPlain($0) ? $0 : "'" + $0.replacing("'", with: #"'\''"#) + "'" }.joined(separator: " ")
}

/// Writes words as a shell takes them, for a sentence.
///
/// - Parameter words: A program and its arguments.
/// - Returns: What ``shellLine(_:)`` returns, in single quotes unless it has some itself.
public func quotedShellLine(_ words: [String]) -> String { quotedShellLine([words]) }

/// Writes commands that follow each other as a shell takes them, for a sentence.
///
/// - Parameter commands: Programs with their arguments, each of which runs if the one before it has succeeded.
/// - Returns: The commands with `&&` between them, in single quotes unless they have some themselves.
public func quotedShellLine(_ commands: [[String]]) -> String {
    let line = commands.map(shellLine).joined(separator: " && ")
    return line.contains("'") ? line : "'\(line)'"
}

/// Whether a word has no character that means something to a shell.
private func isPlain(_ word: String) -> Bool {
    !word.isEmpty
        && word.utf8.allSatisfy { $0.isLetter || $0.isDigit || $0 >= 0x80 || "_-./:,=+@%".utf8.contains($0) }
}
