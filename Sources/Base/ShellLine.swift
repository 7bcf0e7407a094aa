/// Formats a shell command, with words in single quotes if they contain special characters.
///
/// - Parameter words: A program and its arguments.
/// - Returns: The line.
public func shellLine(_ words: [String]) -> String {
    words.map { isPlain($0) ? $0 : "'" + $0.replacing("'", with: #"'\''"#) + "'" }.joined(separator: " ")
}

/// Formats a shell command for use in a sentence.
///
/// - Parameter words: A program and its arguments.
/// - Returns: The result of ``shellLine(_:)``, in single quotes unless it contains single quotes itself.
public func quotedShellLine(_ words: [String]) -> String { quotedShellLine([words]) }

/// Formats a sequence of shell commands for use in a sentence.
///
/// - Parameter commands: Programs with their arguments; each runs only if the previous one succeeds.
/// - Returns: The commands with `&&` between them, in single quotes unless they contain single quotes themselves.
public func quotedShellLine(_ commands: [[String]]) -> String {
    let line = commands.map(shellLine).joined(separator: " && ")
    return line.contains("'") ? line : "'\(line)'"
}

/// Returns whether a word is not empty and has no character that is special to a shell.
private func isPlain(_ word: String) -> Bool {
    !word.isEmpty
        && word.utf8.allSatisfy { $0.isLetter || $0.isDigit || $0 >= 0x80 || "_-./:,=+@%".utf8.contains($0) }
}
