import Base

/// Translates a libyaml error into a problem with a suggested correction.
///
/// libyaml reports the position at which it stopped. The actual error is often earlier, so the text is examined again.
struct SyntaxReport {
    let problem: SyntaxProblem
    let text: SourceText

    /// The innermost open collection in brackets.
    let openFlow: (location: SourceLocation, bracket: String)?

    /// The last scalar before the location at which libyaml stopped.
    let lastScalar: EventSpan?

    /// Whether the content of the document has begun before the error.
    let isBehindDocument: Bool

    /// The problem that the error indicates, at the location of the likely cause.
    var diagnostic: Problem {
        if let offset = problem.byteOffset { return unreadableByte(at: offset) }
        switch problem.problem {
        case "found unexpected end of stream", "found unexpected document indicator": return unclosedString
        case "did not find expected ',' or ']'", "did not find expected ',' or '}'": return unclosedFlow
        case "did not find expected node content": return missingValue
        case "mapping values are not allowed in this context": return unexpectedColon
        case "did not find expected key": return wrongIndentation(expected: "a key")
        case "did not find expected '-' indicator": return wrongIndentation(expected: "'-'")
        case "could not find expected ':'": return missingColon(at: problem.contextMark)
        case "found character that cannot start any token": return wrongFirstCharacter
        case "found a tab character that violates indentation",
            "found a tab character where an indentation space is expected":
            return tab
        case "found unknown escape character": return unknownEscape
        case "found invalid Unicode character escape code": return halfCharacter
        case "found unexpected ':'":
            return here("expected a space after ':'", hint: "write ': ' if this is a key without a value, or quote it")
        case "block sequence entries are not allowed in this context": return listBehindKey
        case "did not find expected <document start>": return missingMarker
        case "did not find expected alphabetic or numeric character": return wrongName
        default: return general
        }
    }

    /// Creates a problem at the location where libyaml stopped.
    func here(_ message: String, hint: String? = nil) -> Problem {
        Problem(message, at: text.location(problem.problemMark), hint: hint)
    }

    /// Creates a problem at the beginning of the construct that libyaml was reading.
    func atBeginning(_ message: String, hint: String? = nil) -> Problem {
        Problem(message, at: text.location(problem.contextMark), hint: hint)
    }

    /// The character at which libyaml stopped, as shown in messages.
    var found: String {
        let rest = text.rest(from: problem.problemMark)
        guard let first = rest.first else {
            return text.isEnd(problem.problemMark) ? text.endInWords : "the end of the line"
        }
        return first == "\t" ? "a tab" : "'\(first)'"
    }

    /// The problem in libyaml's words, for rare errors.
    private var general: Problem {
        let notExpected = "did not find expected "
        let words = problem.problem
        let message = words.hasPrefix(notExpected) ? "expected \(words.dropFirst(notExpected.count))" : words
        return here(problem.context.isEmpty ? message : "\(message) \(problem.context)")
    }
}

/// Strings and brackets that are not closed.
extension SyntaxReport {
    /// A string without a closing quote, located at the beginning of the string.
    var unclosedString: Problem {
        let quote = text.rest(from: problem.contextMark).first.map(String.init) ?? "\""
        return atBeginning(
            "string that begins with \(quote) here is not closed before \(text.endInWords)",
            hint: "close it with \(quote)",
        )
    }

    /// A list or mapping in brackets that lacks its closing bracket or a comma between two items.
    var unclosedFlow: Problem {
        let expected = problem.problem.dropFirst("did not find expected ".count)
        if let variable {
            return here("expected \(expected), found '{'", hint: "put the value with '\(variable)' in quotes")
        }
        guard let openFlow, isUnclosed(openFlow) else { return here("expected \(expected), found \(found)") }
        let isEnd = text.isEnd(problem.problemMark)
        let stop = isEnd ? text.endInWords : "\(found) at \(text.location(problem.problemMark))"
        return Problem(
            "'\(openFlow.bracket)' is not closed before \(stop)",
            at: openFlow.location,
            hint: "close it with '\(openFlow.bracket == "{" ? "}" : "]")'"
        )
    }

    /// A variable such as `${name}` in an unquoted text in brackets, where its `{` begins a mapping.
    private var variable: Substring? {
        var mark = problem.problemMark
        guard mark.column > 0 else { return nil }
        mark.column -= 1
        let rest = text.rest(from: mark)
        guard rest.hasPrefix("${"), let end = rest.firstIndex(of: "}") else { return nil }
        return rest[...end]
    }

    /// Returns whether the closing bracket is missing, because the text ends or libyaml stopped on a later line.
    private func isUnclosed(_ flow: (location: SourceLocation, bracket: String)) -> Bool {
        text.isEnd(problem.problemMark)
            || flow.location.position?.line != text.location(problem.problemMark).position?.line
    }

    /// An unexpected character in place of a value.
    var missingValue: Problem {
        if openFlow != nil && text.isEnd(problem.problemMark) { return unclosedFlow }
        return here("expected a value, found \(found)")
    }
}

/// Characters that are not allowed at their location.
extension SyntaxReport {
    /// A byte that is not UTF-8, or a character that YAML does not allow.
    func unreadableByte(at problemOffset: Int) -> Problem {
        let offset = beginning(ofCharacterAt: problemOffset)
        let location = text.location(ofByte: offset)
        let byte = text.byte(at: offset) ?? 0
        let shown = (byte < 0x10 ? "0x0" : "0x") + String(byte, radix: 16, uppercase: true)
        if byte == 0 {
            return Problem("byte \(shown) is not text: the file is binary or UTF-16", at: location)
        }
        guard problem.problem == "control characters are not allowed", byte < 0x80 else {
            return Problem(
                "byte \(shown) is not UTF-8",
                at: location,
                hint: "if the text is Latin-1, convert it with 'iconv -f LATIN1 -t UTF-8'"
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
        guard problem.problem == "invalid trailing UTF-8 octet" else { return offset }
        var first = offset - 1
        while let byte = text.byte(at: first), byte & 0xC0 == 0x80 { first -= 1 }
        return text.byte(at: first).map { $0 >= 0xC0 } == true ? first : offset
    }

    /// A tab in the indentation.
    var tab: Problem {
        here("a tab cannot indent a line", hint: "put spaces in its place")
    }

    /// A character that cannot begin a plain scalar.
    var wrongFirstCharacter: Problem {
        let rest = text.rest(from: problem.problemMark)
        guard let first = rest.first, first != "\t" else { return tab }
        return here("a value cannot begin with '\(first)'", hint: quoting(rest))
    }

    /// A `*` or `&` without a name.
    var wrongName: Problem {
        let beginning = text.rest(from: problem.contextMark)
        guard let first = beginning.first, first == "*" || first == "&" else {
            return here("expected a letter or a digit, found \(found)")
        }
        return atBeginning("'\(first)' begins a name here, and \(found) cannot be in one", hint: quoting(beginning))
    }

    /// An unknown escape in double quotes.
    var unknownEscape: Problem {
        let rest = text.rest(from: problem.problemMark)
        let escape = rest.first == "\\" ? String(rest.prefix(2)) : "\\" + rest.prefix(1)
        return here("'\(escape)' is not an escape", hint: "write '\\\(escape)', or the string in single quotes")
    }

    /// An escape that is not a Unicode character, such as one half of a surrogate pair, which JSON has: `\ud83d\ude00`.
    var halfCharacter: Problem {
        here("this escape is not a character: YAML has no surrogate pairs", hint: "write the character itself")
    }

    /// Returns the hint to quote the rest of a line without its comment.
    func quoting(_ value: Substring) -> String {
        var characters = value
        if let comment = value.indices.first(where: { value[$0...].hasPrefix(" #") }) { characters = value[..<comment] }
        while characters.last == " " { characters.removeLast() }
        guard characters.count <= 60 else { return "put the value in quotes" }
        let doubled = characters.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''")
        return "put it in quotes: '\(doubled)'"
    }
}

/// Lines that do not fit the lines above them.
extension SyntaxReport {
    /// A `:` after a text that cannot be a key.
    var unexpectedColon: Problem {
        let beginning = text.beginning(to: problem.problemMark)
        if beginning.unicodeScalars.count > keyLimit { return longKey }
        if let key = firstColon(in: beginning) {
            let value = (beginning[key...] + text.rest(from: problem.problemMark)).drop { $0 == " " }
            return here("a value cannot contain ': ' without quotes", hint: quoting(value))
        }
        let line = problem.problemMark.line
        guard let depth = text.indentation(line), let above = text.line(above: line) else {
            return here("':' is not allowed here")
        }
        guard above.indentation < depth else {
            return missingColon(at: EventMark(line: above.number, column: above.indentation))
        }
        return here(
            "the line is indented deeper than the one above it and continues its value",
            hint: "indent it by \(spaces(above.indentation))",
        )
    }

    private func firstColon(in beginning: Substring) -> Substring.Index? {
        beginning.indices.first { index in
            let next = beginning.index(after: index)
            return beginning[index] == ":" && next < beginning.endIndex && beginning[next] == " "
        }.map(beginning.index(after:))
    }

    /// A line that is neither the next key or item nor the end of the collection.
    func wrongIndentation(expected: String) -> Problem {
        if let lastScalar, lastScalar.end.line == problem.problemMark.line, lastScalar.start.line < lastScalar.end.line
        {
            return here(
                "expected \(expected), found \(found) after the string that began at \(text.location(lastScalar.start))",
                hint: "look for a quote that is missing there",
            )
        }
        let line = problem.problemMark.line
        guard let depth = text.indentation(line), depth == problem.problemMark.column else {
            return here("expected the end of the line, found \(found)")
        }
        let depths = text.indentations(above: line)
        guard !depths.contains(depth) else { return here("expected \(expected), found \(found)") }
        let near = [depths.last { $0 > depth }, depths.first { $0 < depth }].compactMap(\.self)
        return here(
            "the line is indented by \(spaces(depth)), which matches no line above",
            hint: near.isEmpty ? nil : "indent it by " + near.map(spaces).joined(separator: " or by "),
        )
    }

    private func spaces(_ count: Int) -> String {
        count == 1 ? "1 space" : "\(count) spaces"
    }

    /// A line that is not `key: value`.
    func missingColon(at start: EventMark) -> Problem {
        let line = text.rest(from: start)
        if line.unicodeScalars.count > keyLimit && line.contains(":") { return longKey }
        let location = text.location(start)
        guard let colon = line.firstIndex(of: ":"), line[colon...].count > 1 else {
            return Problem("expected ':' after '\(line.prefix(60))'", at: location)
        }
        let value = line[line.index(after: colon)...].prefix(60)
        // The colon that was found belongs to a URL, and the key before the URL has no colon.
        if value.hasPrefix("//"), let space = line[..<colon].firstIndex(where: \.isWhitespace) {
            let rest = line[space...].drop(while: \.isWhitespace).prefix(60)
            return Problem(
                "expected ':' after '\(line[..<space])'",
                at: location,
                hint: "write '\(line[..<space]): \(rest)'"
            )
        }
        return Problem("expected a space after ':'", at: location, hint: "write '\(line[..<colon]): \(value)'")
    }

    private var keyLimit: Int { 1024 }

    /// A key that is so long that its `:` is beyond YAML's limit.
    private var longKey: Problem {
        let line = problem.problemMark.line - (problem.problemMark.column == 0 ? 1 : 0)
        let start = EventMark(line: line, column: text.indentation(line) ?? 0)
        return Problem(
            "key is longer than the limit of \(keyLimit) characters",
            at: text.location(start),
            hint: "write '? ' before it and ': ' on the next line"
        )
    }

    /// A list item, `- `, on the same line as its key.
    var listBehindKey: Problem {
        here("a list cannot begin here", hint: "put the '- ' at the beginning of the next line")
    }

    /// Text at a location where only a `---` line or the end of the document is allowed.
    var missingMarker: Problem {
        guard isBehindDocument else { return here("expected a line '---' after the directives") }
        let line = problem.problemMark.line
        guard text.line(above: line).map({ text.line($0.number).hasPrefix("...") }) == true else {
            return wrongIndentation(expected: "the end of the document")
        }
        return here("another document begins here without a line '---' before it", hint: "put a line '---' before it")
    }
}
