/// Characters that may not stand where they do.
extension SyntaxReport {
    /// A byte that is no character, or none that YAML allows.
    func unreadableByte(at problemOffset: Int) -> Diagnostic {
        let offset = beginning(ofCharacterAt: problemOffset)
        let place = text.place(ofByte: offset)
        let byte = text.byte(at: offset) ?? 0
        let shown = (byte < 0x10 ? "0x0" : "0x") + String(byte, radix: 16, uppercase: true)
        if byte == 0 {
            return Diagnostic(place, "byte \(shown) stands here: this is no text, but a binary file or UTF-16")
        }
        guard problem.problem == "control characters are not allowed", byte < 0x80 else {
            return Diagnostic(
                place,
                "byte \(shown) is not UTF-8",
                hint: "if the text is Latin-1, convert it with 'iconv -f LATIN1 -t UTF-8'",
            )
        }
        return Diagnostic(
            place,
            "control character \(shown) is not allowed",
            hint: "write it as '\\x\(shown.dropFirst(2))' in double quotes",
        )
    }

    /// The offset of the byte that began a character which the byte at an offset does not continue.
    private func beginning(ofCharacterAt offset: Int) -> Int {
        guard problem.problem == "invalid trailing UTF-8 octet" else { return offset }
        var first = offset - 1
        while let byte = text.byte(at: first), byte & 0xC0 == 0x80 { first -= 1 }
        return text.byte(at: first).map { $0 >= 0xC0 } == true ? first : offset
    }

    /// A tab where only spaces indent.
    var tab: Diagnostic {
        here("a tab cannot indent a line", hint: "put spaces in its place")
    }

    /// A character that no value without quotes may begin with.
    var wrongFirstCharacter: Diagnostic {
        let rest = text.rest(from: problem.problemMark)
        guard let first = rest.first, first != "\t" else { return tab }
        return here("a value cannot begin with '\(first)'", hint: quoting(rest))
    }

    /// A `*` or `&` that begins no name.
    var wrongName: Diagnostic {
        let beginning = text.rest(from: problem.contextMark)
        guard let first = beginning.first, first == "*" || first == "&" else {
            return here("expected a letter or a digit, found \(found)")
        }
        return atBeginning("'\(first)' begins a name here, and \(found) cannot be in one", hint: quoting(beginning))
    }

    /// A `\` in double quotes with a letter that means nothing.
    var unknownEscape: Diagnostic {
        let rest = text.rest(from: problem.problemMark)
        let escape = rest.first == "\\" ? String(rest.prefix(2)) : "\\" + rest.prefix(1)
        return here("'\(escape)' is not an escape", hint: "write '\\\(escape)', or the string in single quotes")
    }

    /// Half of a pair such as `\ud83d\ude00`, which JSON writes for one character and YAML does not know.
    var halfCharacter: Diagnostic {
        here("this escape is no character: YAML does not know JSON's pairs", hint: "write the character itself")
    }

    /// Advice to quote the rest of a line, a comment left out.
    func quoting(_ value: Substring) -> String {
        var characters = value
        if let comment = value.indices.first(where: { value[$0...].hasPrefix(" #") }) { characters = value[..<comment] }
        while characters.last == " " { characters.removeLast() }
        guard characters.count <= 60 else { return "put the value in quotes" }
        let doubled = characters.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''")
        return "put it in quotes: '\(doubled)'"
    }
}
