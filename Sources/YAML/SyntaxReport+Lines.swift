import Base

/// Lines that do not continue the lines above them.
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
        // The colon of a URL, whose key has none.
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

    /// A key that is too long for YAML to find its `:`.
    private var longKey: Problem {
        let line = problem.problemMark.line - (problem.problemMark.column == 0 ? 1 : 0)
        let start = EventMark(line: line, column: text.indentation(line) ?? 0)
        return Problem(
            "key is longer than the limit of \(keyLimit) characters",
            at: text.location(start),
            hint: "write '? ' before it and ': ' on the next line"
        )
    }

    /// A `- ` after a key.
    var listBehindKey: Problem {
        here("a list cannot begin here", hint: "put the '- ' at the beginning of the next line")
    }

    /// Text outside of a document.
    var missingMarker: Problem {
        guard isBehindDocument else { return here("expected a line '---' after the directives") }
        let line = problem.problemMark.line
        guard text.line(above: line).map({ text.line($0.number).hasPrefix("...") }) == true else {
            return wrongIndentation(expected: "the end of the document")
        }
        return here("another document begins here without a line '---' before it", hint: "put a line '---' before it")
    }
}
