/// Formats a shell command, putting empty words and words with special characters in single quotes.
public func shellLine(_ words: [String]) -> String {
    words.map { isPlain($0) ? $0 : "'" + $0.replacing("'", with: #"'\''"#) + "'" }.joined(separator: " ")
}

/// Formats a shell command for use in a sentence, in single quotes unless it contains single quotes itself.
public func quotedShellLine(_ words: [String]) -> String { quotedShellLine([words]) }

/// Formats shell commands for use in a sentence, joined by `&&`, in single quotes unless they contain single quotes.
public func quotedShellLine(_ commands: [[String]]) -> String {
    let line = commands.map(shellLine).joined(separator: " && ")
    return line.contains("'") ? line : "'\(line)'"
}

/// Returns whether a word is not empty and has no character that is special to a shell.
private func isPlain(_ word: String) -> Bool {
    !word.isEmpty
        && word.utf8.allSatisfy { $0.isLetter || $0.isDigit || $0 >= 0x80 || "_-./:,=+@%".utf8.contains($0) }
}
