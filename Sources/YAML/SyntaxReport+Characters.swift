import Base

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

    /// The offset of the first byte of an incomplete character.
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

    /// A surrogate of a pair such as `\ud83d\ude00`, which JSON allows and YAML does not.
    var halfCharacter: Problem {
        here("this escape is not a character: YAML has no surrogate pairs", hint: "write the character itself")
    }

    /// The hint to quote the rest of a line without its comment.
    func quoting(_ value: Substring) -> String {
        var characters = value
        if let comment = value.indices.first(where: { value[$0...].hasPrefix(" #") }) { characters = value[..<comment] }
        while characters.last == " " { characters.removeLast() }
        guard characters.count <= 60 else { return "put the value in quotes" }
        let doubled = characters.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''")
        return "put it in quotes: '\(doubled)'"
    }
}
