/// Lines that do not fit under the lines above them.
extension SyntaxReport {
    /// A `:` behind something that cannot be a key.
    var unexpectedColon: Diagnostic {
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
            "the line is indented deeper than the one above it, so that it belongs to the value there",
            hint: "indent it by \(spaces(above.indentation))",
        )
    }

    private func firstColon(in beginning: Substring) -> Substring.Index? {
        beginning.indices.first { index in
            let next = beginning.index(after: index)
            return beginning[index] == ":" && next < beginning.endIndex && beginning[next] == " "
        }.map(beginning.index(after:))
    }

    /// Something that is neither the next key or item nor the end of the collection.
    func wrongIndentation(expected: String) -> Diagnostic {
        if let lastScalar, lastScalar.end.line == problem.problemMark.line, lastScalar.start.line < lastScalar.end.line
        {
            return here(
                "expected \(expected), found \(found) behind the string that began at \(text.place(lastScalar.start))",
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
            "the line is indented by \(spaces(depth)), as no line is that it could belong to",
            hint: near.isEmpty ? nil : "indent it by " + near.map(spaces).joined(separator: " or by "),
        )
    }

    private func spaces(_ count: Int) -> String {
        count == 1 ? "1 space" : "\(count) spaces"
    }

    /// A line that is no `key: value`.
    func missingColon(at start: EventMark) -> Diagnostic {
        let line = text.rest(from: start)
        if line.unicodeScalars.count > keyLimit && line.contains(":") { return longKey }
        let place = text.place(start)
        guard let colon = line.firstIndex(of: ":"), line[colon...].count > 1 else {
            return Diagnostic(place, "expected ':' behind '\(line.prefix(60))'")
        }
        let value = line[line.index(after: colon)...].prefix(60)
        return Diagnostic(place, "expected a space behind ':'", hint: "write '\(line[..<colon]): \(value)'")
    }

    private var keyLimit: Int { 1024 }

    /// A key that YAML cannot recognise, because it looks no further for the `:`.
    private var longKey: Diagnostic {
        let line = problem.problemMark.line - (problem.problemMark.column == 0 ? 1 : 0)
        let start = EventMark(line: line, column: text.indentation(line) ?? 0)
        return Diagnostic(
            text.place(start),
            "key is longer than the limit of \(keyLimit) characters",
            hint: "write '? ' before it and ': ' on the next line",
        )
    }

    /// A `- ` behind a key.
    var listBehindKey: Diagnostic {
        here("a list cannot begin here", hint: "put the '- ' at the beginning of the next line")
    }

    /// Something that belongs to no document.
    var missingMarker: Diagnostic {
        guard isBehindDocument else { return here("expected a line '---' behind the directives") }
        let line = problem.problemMark.line
        guard text.line(above: line).map({ text.line($0.number).hasPrefix("...") }) == true else {
            return wrongIndentation(expected: "the end of the document")
        }
        return here("another document begins here without a line '---' before it", hint: "put a line '---' before it")
    }
}
