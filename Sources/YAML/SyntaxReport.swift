import Base

/// A problem that says where libyaml stopped and what it expected, for texts that no ``SyntaxRepair`` makes valid.
struct SyntaxReport {
    private let failure: SyntaxFailure
    private let text: SourceText

    init(failure: SyntaxFailure, text: SourceText) {
        self.failure = failure
        self.text = text
    }

    /// Whether libyaml's own words and place are the right ones, so that there is nothing to look for.
    var isExact: Bool {
        let problem = failure.problem
        if problem.byteOffset != nil || longKeyLine != nil { return true }
        let isTagEnd = problem.problem == "did not find expected whitespace or line break"
        return problem.problem == "found invalid Unicode character escape code"
            || problem.context.contains(" a tag") && !isTagEnd || problem.problem.contains("tag handle")
            || isBetweenDocuments || conflictLine != nil
    }

    /// Whether libyaml stopped between two documents, or between the directives and the document.
    private var isBetweenDocuments: Bool {
        let line = failure.problem.problemMark.line
        if text.line(line).hasPrefix("...") { return true }
        guard failure.problem.problem == "did not find expected <document start>" else { return false }
        return !failure.isBehindDocument || text.line(above: line).map { text.line($0).hasPrefix("...") } == true
    }

    /// The line with which git marks a conflict, if there is one near.
    private var conflictLine: Int? {
        let lines = [failure.problem.problemMark.line, failure.problem.contextMark.line]
        return lines.flatMap { [$0, $0 - 1] }.first { line in
            line >= 0 && ["<<<<<<< ", "=======", ">>>>>>> "].contains { text.line(line).hasPrefix($0) }
        }
    }

    /// The problem.
    var problem: Problem {
        let problem = failure.problem
        if let offset = problem.byteOffset { return unreadableByte(at: offset) }
        if let line = conflictLine {
            return Problem(
                "git has left a conflict here, which nobody has resolved",
                at: text.location(EventMark(line: line)),
                hint: "keep what is right, and remove the lines '<<<<<<<', '=======' and '>>>>>>>'"
            )
        }
        if let line = longKeyLine {
            return Problem(
                "key is longer than the limit of \(Self.keyLimit) characters",
                at: text.location(EventMark(line: line, column: text.indentation(line) ?? 0)),
                hint: "write '? ' before it and ': ' on the next line"
            )
        }
        switch problem.problem {
        case "found unexpected end of stream", "found unexpected document indicator": return unclosedString
        case "did not find expected node content": return here("expected a value, found \(found)")
        case "found invalid Unicode character escape code":
            return here(
                "this escape is not a character: YAML has no surrogate pairs",
                hint: "write the character itself"
            )
        case "mapping values are not allowed in this context": return here("':' is not allowed here")
        case "could not find expected ':'": return missingColon
        case "block sequence entries are not allowed in this context": return here("a list cannot begin here")
        case "did not find expected <document start>": return missingMarker
        default: break
        }
        let notExpected = "did not find expected "
        if problem.problem.hasPrefix(notExpected), !problem.context.contains(" a tag") {
            return here("expected \(problem.problem.dropFirst(notExpected.count)), found \(found)")
        }
        let words =
            problem.problem.hasPrefix(notExpected)
            ? "expected \(problem.problem.dropFirst(notExpected.count))" : problem.problem
        return here(problem.context.isEmpty ? words : "\(words) \(problem.context)")
    }

    private func here(_ message: String, hint: String? = nil) -> Problem {
        Problem(message, at: text.location(failure.problem.problemMark), hint: hint)
    }

    /// The character at which libyaml stopped, as shown in messages.
    private var found: String {
        let rest = text.rest(from: failure.problem.problemMark)
        guard let first = rest.first else {
            return text.isEnd(failure.problem.problemMark) ? text.endInWords : "the end of the line"
        }
        return first == "\t" ? "a tab" : "'\(first)'"
    }

    /// A string without a closing quote, located at the beginning of the string.
    private var unclosedString: Problem {
        let mark = failure.problem.contextMark
        let quote = text.rest(from: mark).first.map(String.init) ?? "\""
        return Problem(
            "the string that begins with \(quote) here is not closed",
            at: text.location(mark)
        )
    }

    /// A line that is not `key: value`.
    private var missingColon: Problem {
        let mark = failure.problem.contextMark
        return Problem(
            "expected ':' after '\(text.rest(from: mark).prefix(60))'",
            at: text.location(mark)
        )
    }

    /// The line of a key that is too long, if there is one where libyaml stopped.
    private var longKeyLine: Int? {
        let problem = failure.problem
        guard problem.problem == "could not find expected ':'" || problem.problem.hasPrefix("mapping values") else {
            return nil
        }
        return [problem.problemMark.line, problem.contextMark.line, problem.problemMark.line - 1].first { line in
            let key = text.line(line).prefix { $0 != ":" }
            return key.unicodeScalars.count > Self.keyLimit && key.endIndex < text.line(line).endIndex
        }
    }

    /// The longest key that is not written behind `?`, in characters (YAML 1.1, section 7.2.1).
    private static let keyLimit = 1024

    /// Text at a location where only a `---` line or the end of the document is allowed.
    private var missingMarker: Problem {
        guard failure.isBehindDocument else { return here("expected a line '---' after the directives") }
        guard isBetweenDocuments else { return here("expected the end of the document, found \(found)") }
        return here(
            "another document begins here without a line '---' before it",
            hint: "put a line '---' before it"
        )
    }
}

/// Bytes that are not text.
extension SyntaxReport {
    /// A byte that is not UTF-8, or a character that YAML does not allow.
    private func unreadableByte(at problemOffset: Int) -> Problem {
        let offset = beginning(ofCharacterAt: problemOffset)
        let location = text.location(ofByte: offset)
        let byte = text.byte(at: offset) ?? 0
        let shown = (byte < 0x10 ? "0x0" : "0x") + String(byte, radix: 16, uppercase: true)
        if byte == 0 {
            return Problem("byte \(shown) is not text: the file is binary or UTF-16", at: location)
        }
        let isControl = failure.problem.problem == "control characters are not allowed"
        if isControl, byte == 0xC2, let second = text.byte(at: offset + 1), second < 0xA0 {
            return Problem(
                "control character U+00\(String(second, radix: 16, uppercase: true)) is not allowed",
                at: location,
                hint: "the text was probably Windows-1252 that was converted as Latin-1; convert the original with "
                    + "'iconv -f CP1252 -t UTF-8'"
            )
        }
        guard isControl, byte < 0x80 else {
            return Problem(
                "byte \(shown) is not UTF-8",
                at: location,
                // Latin-1 has control characters there, Windows-1252 quotation marks and dashes.
                hint: (0x80..<0xA0).contains(byte)
                    ? "if the text is Windows-1252, convert it with 'iconv -f CP1252 -t UTF-8'"
                    : "if the text is Latin-1, convert it with 'iconv -f LATIN1 -t UTF-8'"
            )
        }
        return Problem(
            "control character \(shown) is not allowed",
            at: location,
            hint: "write it as '\\x\(shown.dropFirst(2))' in double quotes"
        )
    }

    /// Returns the offset of the first byte of an incomplete character.
    private func beginning(ofCharacterAt offset: Int) -> Int {
        guard failure.problem.problem == "invalid trailing UTF-8 octet" else { return offset }
        var first = offset - 1
        while let byte = text.byte(at: first), byte & 0xC0 == 0x80 { first -= 1 }
        return text.byte(at: first).map { $0 >= 0xC0 } == true ? first : offset
    }
}
