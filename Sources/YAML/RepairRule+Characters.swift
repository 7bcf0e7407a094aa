import Base

/// Comments of other languages, and characters that look like those of YAML.
extension RepairRule {
    /// A comment of another language.
    func slashComment(_ line: Int) -> [SyntaxRepair] {
        let scalars = text.lines[line]
        return scalars.indices.filter { column in
            scalars[column...].starts(with: "//".unicodeScalars) && (column == 0 || scalars[column - 1].isBlank)
        }.prefix(1).map { column in
            SyntaxRepair(
                evidence: .certain,
                mark: EventMark(line: line, column: column),
                message: "'//' does not begin a comment in YAML",
                hint: "write '#'",
                changes: [
                    .init(
                        line: line,
                        column: column,
                        count: 2,
                        text: column == 0 || scalars[column - 1] == " " ? "#" : " #"
                    )
                ],
            )
        }
    }

    /// How comments begin in other languages, at the beginning of a line, and how those of several lines end.
    private static let comments: [(start: String, end: String?)] = [
        ("/*", "*/"), ("<!--", "-->"), (";", nil), ("--", nil), ("rem ", nil), ("REM ", nil), ("''", nil),
    ]

    /// A line, or several, of a comment of another language.
    func otherComment(_ line: Int) -> [SyntaxRepair] {
        guard let start = text.indentation(line) else { return [] }
        let scalars = text.lines[line]
        guard let comment = Self.comments.first(where: { scalars[start...].starts(with: $0.start.unicodeScalars) })
        else {
            return []
        }
        var last = line
        if let end = comment.end {
            let lines = text.lines.indices[line...].prefix(Self.commentLimit)
            guard let found = lines.first(where: { YAML.text(text.lines[$0]).contains(end) }) else { return [] }
            last = found
        }
        let mark = comment.start.filter { $0 != " " }
        let inner = characters(line, start + comment.start.unicodeScalars.count, scalars.count)
        let words = comment.end.map { inner.replacing($0, with: "") } ?? inner
        let shown = words.split(whereSeparator: \.isWhitespace).joined(separator: " ").prefix(60)
        return [
            SyntaxRepair(
                evidence: .certain,
                mark: EventMark(line: line, column: start),
                message: "'\(mark)' does not begin a comment in YAML",
                hint: last == line ? "write '# \(shown)'" : "begin each line of it with '#'",
                changes: (line...last).compactMap { number in
                    let lineStart = text.lines[number].firstIndex { !$0.isBlank && $0 != "\r" }
                    return lineStart.map { .init(line: number, column: $0, text: "# ") }
                },
            )
        ]
    }

    /// How many lines a comment may have.
    private static let commentLimit = 100

    /// A space that does not separate words in YAML, behind the `:` of a key or the `-` of an item.
    func spaceBehindMark(_ line: Int) -> [SyntaxRepair] {
        let scalars = text.lines[line]
        return scalars.indices.filter { column in
            scalars[column].isOtherSpace && column > 0
                && (scalars[column - 1] == ":"
                    || scalars[column - 1] == "-" && scalars[..<(column - 1)].allSatisfy(\.isBlank))
        }.prefix(1).map { column in
            SyntaxRepair(
                evidence: .certain,
                mark: EventMark(line: line, column: column),
                message: "'\(scalars[column - 1])' is followed by \(scalars[column].spaceName), "
                    + "which does not separate words in YAML",
                hint: "put a space in its place",
                changes: [.init(line: line, column: column, count: 1, text: " ")],
            )
        }
    }

    /// Characters of other scripts that look like those with a meaning in YAML.
    private static let lookAlikes: [Unicode.Scalar: Unicode.Scalar] = [
        "\u{FF1A}": ":", "\u{FE55}": ":", "\u{A789}": ":", "\u{2236}": ":", "\u{FF0C}": ",", "\u{3001}": ",",
        "\u{FF3B}": "[",
        "\u{FF3D}": "]", "\u{FF5B}": "{", "\u{FF5D}": "}", "\u{FF03}": "#", "\u{FF0D}": "-", "\u{FF02}": "\"",
        "\u{FF07}": "'",
    ]

    /// A character that looks like one with a meaning in YAML.
    func lookAlike(_ line: Int) -> [SyntaxRepair] {
        let scalars = text.lines[line]
        return scalars.indices.filter { Self.lookAlikes[scalars[$0]] != nil }.prefix(2).compactMap { column in
            guard let meant = Self.lookAlikes[scalars[column]] else { return nil }
            let needsSpace = meant == ":" && column + 1 < scalars.count && !scalars[column + 1].isBlank
            return SyntaxRepair(
                evidence: .certain,
                mark: EventMark(line: line, column: column),
                message: "'\(scalars[column])' (\(scalars[column].codePoint)) is not '\(meant)'",
                hint: "write '\(meant)'\(needsSpace ? " and a space" : "")",
                changes: [.init(line: line, column: column, count: 1, text: "\(meant)\(needsSpace ? " " : "")")],
            )
        }
    }

    /// A `;` or `,` behind the quotes or brackets of a value, as in a programming language.
    func separator(_ line: Int) -> [SyntaxRepair] {
        let scalars = text.lines[line]
        return marked(line).filter { column in
            [";", ","].contains(scalars[column]) && column > 0 && ["\"", "'", "]", "}"].contains(scalars[column - 1])
                && !isInBrackets(line, column)
        }.map { column in
            SyntaxRepair(
                evidence: .certain,
                mark: EventMark(line: line, column: column),
                message: "'\(scalars[column])' does not end a value in YAML",
                hint: "remove it",
                changes: [.init(line: line, column: column, count: 1, text: "")],
            )
        }
    }
}
