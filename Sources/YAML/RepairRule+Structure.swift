import Base

/// Keys, colons and items.
extension RepairRule {
    /// A key whose `:` has no space behind it.
    func missingSpace(_ line: Int) -> [SyntaxRepair] {
        guard let parts = parts(line) else { return [] }
        let scalars = text.lines[line]
        var columns = marked(line).filter { scalars[$0] == ":" }
        if let colon = scalars[parts.start..<parts.end].firstIndex(of: ":"), colon > parts.start {
            columns.append(colon)
        }
        return columns.unique().filter { column in
            column + 1 < parts.end && !scalars[column + 1].isBlank && !scalars[column + 1].isOtherSpace
                && !scalars[(column + 1)...].starts(with: "//".unicodeScalars)
        }.map { column in
            let isFirst = scalars[parts.start..<column].allSatisfy { $0.isKeyCharacter || $0 == "\"" || $0 == "'" }
            let key = characters(line, parts.start, column)
            let value = characters(line, column + 1, min(parts.end, column + 61))
            return SyntaxRepair(
                mark: EventMark(line: line, column: isFirst ? parts.start : column),
                message: "expected a space after ':'",
                hint: isFirst ? "write '\(key): \(value)'" : "write ': ' if this is a key without a value, or quote it",
                changes: [.init(line: line, column: column + 1, text: " ")],
                isCertain: true,
            )
        }
    }

    /// A key without `:`.
    func missingColon(_ line: Int) -> [SyntaxRepair] {
        guard let parts = parts(line), parts.colon == nil else { return [] }
        let scalars = text.lines[line]
        let isQuoted = scalars[parts.start] == "\"" || scalars[parts.start] == "'"
        let end =
            isQuoted
            ? scalars[(parts.start + 1)..<parts.end].firstIndex(of: scalars[parts.start]).map { $0 + 1 } ?? parts.end
            : scalars[parts.start..<parts.end].firstIndex { !$0.isKeyCharacter } ?? parts.end
        guard end > parts.start, scalars[parts.start] != "-",
            end == parts.end || scalars[end].isBlank || scalars[end] == ";" || scalars[end] == ","
        else {
            return []
        }
        let key = characters(line, parts.start, end)
        let isWrong = end < parts.end && !scalars[end].isBlank
        let value = characters(line, end + (isWrong ? 1 : 0), min(parts.end, end + 61))
        return [
            SyntaxRepair(
                mark: EventMark(line: line, column: parts.start),
                message: "expected ':' after '\(key)'",
                hint: "write '\(key):\(value.isEmpty || value.hasPrefix(" ") ? value : " " + value)'",
                changes: [.init(line: line, column: end, count: isWrong ? 1 : 0, text: ":")],
                isCertain: true,
            )
        ]
    }

    /// A `: ` in a value without quotes.
    func colonInValue(_ line: Int) -> [SyntaxRepair] {
        guard let parts = parts(line), let value = parts.value, let second = colon(in: value..<parts.end, line) else {
            return []
        }
        let (hint, change) = quoting(line, value, parts.end)
        return [
            SyntaxRepair(
                mark: EventMark(line: line, column: second),
                message: "a value cannot contain ': ' without quotes",
                hint: hint,
                changes: [change],
            )
        ]
    }

    /// A key behind another key that the lines below belong to.
    func mappingBehindKey(_ line: Int) -> [SyntaxRepair] {
        guard let parts = parts(line), let value = parts.value, colon(in: value..<parts.end, line) != nil,
            let below = text.contentLine(from: line, by: 1), let column = text.indentation(below), column > parts.start
        else { return [] }
        return [newLine(line, value, column, message: "a mapping cannot begin behind a key", item: "it")]
    }

    /// A second key on the line of another, with its value.
    func keysOnOneLine(_ line: Int) -> [SyntaxRepair] {
        guard let parts = parts(line), let value = parts.value, let second = colon(in: value..<parts.end, line),
            let blank = text.lines[line][value..<second].lastIndex(where: \.isBlank)
        else { return [] }
        let key = characters(line, blank + 1, second)
        return ([parts.start] + text.openIndentations(above: line)).unique().map { column in
            SyntaxRepair(
                mark: EventMark(line: line, column: blank + 1),
                message: "'\(key):' cannot follow a value on the same line",
                hint: "put it at the beginning of the next line, indented by \(spaces(column))",
                changes: [
                    .init(line: line, column: blank, count: 1, text: "\n" + String(repeating: " ", count: column))
                ],
            )
        }
    }

    /// A value behind a key that has other values below it.
    func valueAboveBlock(_ line: Int) -> [SyntaxRepair] {
        guard let parts = parts(line), let colon = parts.colon, let value = parts.value,
            let below = text.contentLine(from: line, by: 1), let column = text.indentation(below), column > parts.start
        else { return [] }
        let key = characters(line, parts.start, colon)
        return [
            SyntaxRepair(
                mark: EventMark(line: line, column: value),
                message: "'\(key)' has a value here, and lines below that belong to it",
                hint: "remove '\(characters(line, value, min(parts.end, value + 60)))'",
                changes: [.init(line: line, column: colon + 1, count: parts.end - colon - 1, text: "")],
            )
        ]
    }

    /// An item behind a key.
    func listBehindKey(_ line: Int) -> [SyntaxRepair] {
        guard let parts = parts(line), let value = parts.value, text.lines[line][value...].starts(with: ["-", " "])
        else {
            return []
        }
        let below = text.contentLine(from: line, by: 1).flatMap {
            text.lines[$0].dropFirst(text.indentation($0) ?? 0).starts(with: ["-", " "]) ? text.indentation($0) : nil
        }
        let column = below.flatMap { $0 >= parts.start ? $0 : nil } ?? parts.start + 2
        return [newLine(line, value, column, message: "a list cannot begin here", item: "the '- '")]
    }

    private func newLine(_ line: Int, _ column: Int, _ indentation: Int, message: String, item: String) -> SyntaxRepair
    {
        let scalars = text.lines[line]
        let start = scalars[..<column].lastIndex { !$0.isBlank }.map { $0 + 1 } ?? column
        return SyntaxRepair(
            mark: EventMark(line: line, column: column),
            message: message,
            hint: "put \(item) at the beginning of the next line, indented by \(spaces(indentation))",
            changes: [
                .init(
                    line: line,
                    column: start,
                    count: column - start,
                    text: "\n" + String(repeating: " ", count: indentation)
                )
            ],
        )
    }

    /// Returns the column of the first `:` in a part of a line that ends a key.
    private func colon(in columns: Range<Int>, _ line: Int) -> Int? {
        let scalars = text.lines[line]
        return columns.first { scalars[$0] == ":" && ($0 + 1 >= columns.upperBound || scalars[$0 + 1].isBlank) }
    }

    /// A `-` without a space behind it.
    func missingDashSpace(_ line: Int) -> [SyntaxRepair] {
        guard let start = text.indentation(line), start + 1 < text.lines[line].count, text.lines[line][start] == "-",
            !text.lines[line][start + 1].isBlank, text.lines[line][start + 1] != "-"
        else { return [] }
        return [
            SyntaxRepair(
                mark: EventMark(line: line, column: start),
                message: "expected a space after '-'",
                hint: "write '- '",
                changes: [.init(line: line, column: start + 1, text: " ")],
                isCertain: true,
            )
        ]
    }
}

/// Strings and brackets.
extension RepairRule {
    /// A string without its closing quote.
    func openQuote(_ line: Int) -> [SyntaxRepair] {
        let scalars = text.lines[line]
        guard let open = Brackets(scalars).quote, let parts = parts(line), parts.end > open.column else { return [] }
        // Brackets and commas behind the string may belong to what is around it.
        var ends = [parts.end]
        while let last = ends.last, last - 1 > open.column, [",", "]", "}"].contains(scalars[last - 1]) {
            ends.append(last - 1)
        }
        if isInBrackets(line, open.column) {
            ends += (open.column + 1..<parts.end).filter { [",", "]", "}"].contains(scalars[$0]) }
        }
        return ends.unique().map { end in
            SyntaxRepair(
                mark: EventMark(line: line, column: open.column),
                message: "the string that begins with \(open.quote) here is not closed",
                hint: "close it with \(open.quote) after '\(characters(line, max(open.column + 1, end - 40), end))'",
                changes: [.init(line: line, column: end, text: String(open.quote))],
                isCertain: true,
            )
        }
    }

    /// A quote inside a string of the same quotes.
    func innerQuotes(_ line: Int) -> [SyntaxRepair] {
        let scalars = text.lines[line]
        guard let parts = parts(line) else { return [] }
        let start = parts.value ?? parts.start
        guard start < parts.end, scalars[start] == "\"" || scalars[start] == "'",
            let last = scalars[(start + 1)..<parts.end].lastIndex(of: scalars[start]), last == parts.end - 1,
            last > start + 1
        else { return [] }
        let quote = scalars[start]
        let inner = characters(line, start + 1, last)
        guard inner.unicodeScalars.contains(quote) else { return [] }
        let escape = quote == "'" ? "''" : "\\\""
        let written = inner.split(separator: Character(quote), omittingEmptySubsequences: false).joined(
            separator: escape
        )
        return [
            SyntaxRepair(
                mark: EventMark(line: line, column: start),
                message: "the string that begins with \(quote) here has that quote inside",
                hint: "write \(quote)\(written.prefix(60))\(quote)",
                changes: [.init(line: line, column: start, count: last + 1 - start, text: "\(quote)\(written)\(quote)")],
            )
        ]
    }

    /// Text behind the closing quote of a string, or behind the bracket of a list or mapping.
    func textBehindQuotes(_ line: Int) -> [SyntaxRepair] {
        guard let parts = parts(line) else { return [] }
        let scalars = text.lines[line]
        let start = parts.value ?? parts.start
        guard start < parts.end, ["\"", "'", "]", "}"].contains(where: { scalars[start..<parts.end].contains($0) }),
            scalars[start] == "\"" || scalars[start] == "'"
        else { return [] }
        let (hint, change) = quoting(line, start, parts.end)
        let found = marked(line).first.map { characters(line, $0, $0 + 1) } ?? ""
        return [
            SyntaxRepair(
                mark: EventMark(line: line, column: marked(line).first ?? start),
                message: found.isEmpty
                    ? "text follows the closing quote" : "expected the end of the line, found '\(found)'",
                hint: hint,
                changes: [change],
            )
        ]
    }

    /// A variable such as `${name}` in an unquoted value in brackets, where its `{` begins a mapping.
    func variable(_ line: Int) -> [SyntaxRepair] {
        let scalars = text.lines[line]
        return marked(line).compactMap { column in
            guard scalars[column] == "{", column > 0, scalars[column - 1] == "$",
                let close = scalars[column...].firstIndex(of: "}")
            else { return nil }
            let start = scalars[..<column].lastIndex { ["[", "{", ","].contains($0) || $0.isBlank }.map { $0 + 1 } ?? 0
            let end =
                scalars[(close + 1)...].firstIndex { [",", "]", "}"].contains($0) || $0.isBlank } ?? scalars.count
            return SyntaxRepair(
                evidence: .certain,
                mark: EventMark(line: line, column: column),
                message: "'{' begins a mapping here",
                hint: "put the value with '\(characters(line, column - 1, close + 1))' in quotes",
                changes: [
                    .init(line: line, column: start, count: end - start, text: "\"\(characters(line, start, end))\"")
                ],
            )
        }
    }

    /// Two commas with nothing between them.
    func emptyItem(_ line: Int) -> [SyntaxRepair] {
        guard failure.openFlow != nil else { return [] }
        return marked(line).filter { text.lines[line][$0] == "," }.map { column in
            SyntaxRepair(
                evidence: .certain,
                mark: EventMark(line: line, column: column),
                message: "expected a value, found ','",
                hint: "remove it",
                changes: [.init(line: line, column: column, count: 1, text: "")],
            )
        }
    }

    /// Two items in brackets without a comma between them.
    func missingComma(_ line: Int) -> [SyntaxRepair] {
        guard failure.openFlow != nil else { return [] }
        let scalars = text.lines[line]
        return marked(line).flatMap { column in
            [column, scalars[..<column].lastIndex(where: \.isBlank).map { $0 + 1 }].compactMap(\.self)
        }.unique().filter { $0 > 0 && isInBrackets(line, $0) }.map { column in
            SyntaxRepair(
                mark: EventMark(line: line, column: column),
                message: "expected ',' before '\(characters(line, column, column + 1))'",
                hint: "add ','",
                changes: [.init(line: line, column: column, text: ", ")],
            )
        }
    }

    /// A bracket that is not closed, closed by one of the other kind, or closes nothing.
    func brackets(_ line: Int) -> [SyntaxRepair] {
        guard let parts = parts(line) else { return [] }
        let scalars = text.lines[line]
        let brackets = Brackets(scalars[..<parts.end])
        var repairs: [SyntaxRepair] = []
        if let innermost = brackets.open.last {
            let closing = brackets.open.reversed().map { String(Brackets.closing($0.bracket)) }.joined()
            let (bracket, close) = (innermost.bracket, Brackets.closing(innermost.bracket))
            for (column, count, text) in [(parts.end, 0, closing), (parts.end - 1, 1, closing)]
            where count == 0 || brackets.surplus.contains(column) || [",", ";", ")"].contains(scalars[column]) {
                repairs.append(
                    SyntaxRepair(
                        mark: EventMark(line: line, column: innermost.column),
                        message: "'\(bracket)' is not closed",
                        hint: "close it with '\(close)'",
                        changes: [.init(line: line, column: column, count: count, text: text)],
                        plausibility: 1,
                        isCertain: count == 0,
                    )
                )
            }
            for place in brackets.open {
                let inner = (place.column + 1..<parts.end).filter {
                    scalars[$0] == "," || scalars[$0].isBlank || scalars[$0] == "}" || scalars[$0] == "]"
                }
                for column in inner.prefix(8) {
                    repairs.append(
                        SyntaxRepair(
                            mark: EventMark(line: line, column: place.column),
                            message: "'\(place.bracket)' is not closed",
                            hint:
                                "close it with '\(Brackets.closing(place.bracket))' after '\(characters(line, max(place.column, column - 40), column))'",
                            changes: [.init(line: line, column: column, text: String(Brackets.closing(place.bracket)))],
                        )
                    )
                }
            }
        } else if let flow = failure.openFlow, flow.mark.line < line {
            let close: Character = flow.bracket == "{" ? "}" : "]"
            repairs.append(
                SyntaxRepair(
                    mark: flow.mark,
                    message: "'\(flow.bracket)' is not closed",
                    hint: "close it with '\(close)'",
                    changes: [.init(line: line, column: parts.end, text: String(close))],
                )
            )
        }
        for column in brackets.surplus {
            repairs.append(
                SyntaxRepair(
                    mark: EventMark(line: line, column: column),
                    message: "'\(scalars[column])' closes nothing",
                    hint: "remove it",
                    changes: [.init(line: line, column: column, count: 1, text: "")],
                )
            )
        }
        return repairs
    }
}
