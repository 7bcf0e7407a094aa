/// The problem of a text that libyaml refuses: a recognised common error, otherwise libyaml's message.
struct SyntaxReport {
    private let failure: SyntaxProblem
    /// The beginning of the innermost open collection in brackets or braces.
    private let openFlow: EventMark?
    /// The last scalar before the error.
    private let lastScalar: EventSpan?
    private let part: DocumentText
    private let lines: [ArraySlice<UInt8>]

    init(_ failure: SyntaxProblem, openFlow: EventMark?, lastScalar: EventSpan?, in part: DocumentText) {
        (self.failure, self.openFlow, self.lastScalar, self.part) = (failure, openFlow, lastScalar, part)
        lines = part.bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    }

    var problem: Problem {
        tab ?? template ?? openQuote ?? missingSpace ?? wrongIndentation ?? asReported
    }

    private var asReported: Problem {
        if let offset = failure.byteOffset {
            var counter = LineCounter(part.bytes, line: part.line)
            let location = SourceLocation(file: part.file, position: counter.mark(of: part.bytes.startIndex + offset))
            return Problem(failure.problem, at: location)
        }
        let isElsewhere = failure.contextMark.line != failure.problemMark.line && failure.problem != Self.missingColon
        let place = isElsewhere ? " that begins in line \(number(failure.contextMark.line))" : ""
        let context = failure.context.isEmpty ? "" : " \(failure.context)\(place)"
        // For a key without a colon, libyaml reports the place where it gave up, after the key.
        let mark = failure.problem == Self.missingColon ? failure.contextMark : failure.problemMark
        return Problem(failure.problem + context, at: location(mark))
    }

    private static let missingColon = "could not find expected ':'"

    // MARK: Common errors

    /// A tab in the indentation of the line; YAML allows such a tab only within brackets or braces.
    private var tab: Problem? {
        let mark = failure.problemMark
        let blanks = line(mark.line).prefix { $0 == " " || $0 == "\t" }
        guard openFlow == nil, !isInQuotes, let first = blanks.firstIndex(of: "\t") else { return nil }
        let column = blanks.distance(from: blanks.startIndex, to: first)
        guard column <= mark.column, longString?.end.line != mark.line else { return nil }
        return Problem(
            "a tab cannot indent a line",
            at: location(EventMark(line: mark.line, column: column)),
            hint: "put spaces in its place"
        )
    }

    /// A template such as `{{ name }}` as a value or line, which YAML reads as a mapping whose key is a mapping.
    private var template: Problem? {
        guard failure.byteOffset == nil, !isInQuotes else { return nil }
        let number = failure.problemMark.line
        let text = line(number)
        guard let open = text.firstRange(of: "{{")?.lowerBound else { return nil }
        let before = text[..<open].reversed().drop { $0 == " " }
        guard before.isEmpty || before.first == ":" || before.first == "-" else { return nil }
        let column = text.unicodeScalars.distance(from: text.startIndex, to: open)
        guard column <= failure.problemMark.column else { return nil }
        return .mappingAsKey(at: location(EventMark(line: number, column: column)))
    }

    /// A string that is never closed, or is closed by a quote that was meant to begin another string.
    private var openQuote: Problem? {
        if isInQuotes {
            let isAtEnd = failure.problem == "found unexpected end of stream"
            guard isAtEnd || failure.problem == "found unexpected document indicator" else { return nil }
            // The quote that closes an earlier string may have been meant to begin one.
            if let earlier = longString, earlier.end.line == failure.contextMark.line { return closed(earlier) }
            let message = "the string that begins with \(quote(failure.contextMark)) here is never closed"
            return Problem(message, at: location(failure.contextMark))
        }
        guard let string = longString, string.end.line == failure.problemMark.line,
            string.end.column <= failure.problemMark.column
        else { return nil }
        return closed(string)
    }

    private func closed(_ string: EventSpan) -> Problem {
        Problem(
            "the string that begins with \(quote(string.start)) here is closed in line \(number(string.end.line)), "
                + "column \(string.end.column), where more text follows",
            at: location(string.start)
        )
    }

    /// The last scalar if it is a quoted string of several lines.
    private var longString: EventSpan? {
        lastScalar.flatMap { $0.end.line > $0.start.line && ["\"", "'"].contains(quote($0.start)) ? $0 : nil }
    }

    private var isInQuotes: Bool { failure.context == "while scanning a quoted scalar" }

    private func quote(_ mark: EventMark) -> String { rest(from: mark).first.map { String($0) } ?? "" }

    /// A key without a space after its colon, such as `name:value`, which YAML reads as text.
    private var missingSpace: Problem? {
        switch failure.problem {
        case Self.missingColon: return missingSpace(failure.contextMark.line)
        case "mapping values are not allowed in this context":
            let number = failure.problemMark.line
            // YAML reads the line above as text that this line continues.
            guard let above = contentLine(above: number), content(above)?.column == content(number)?.column else {
                return nil
            }
            return missingSpace(above)
        default: return nil
        }
    }

    private func missingSpace(_ number: Int) -> Problem? {
        guard let (column, text) = content(number), let first = text.first, first.isASCII, first.isLetter,
            let colon = text.firstIndex(of: ":"), !text.contains(": "), !text.hasSuffix(":"),
            text[..<colon].allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "_-.".contains($0)) }),
            let next = text[colon...].dropFirst().first, next != ":", !next.isWhitespace,
            // A URL may be text.
            !text[colon...].hasPrefix("://")
        else { return nil }
        // Only the key is shown, because the value may be a secret.
        return Problem(
            "expected a space after '\(text[...colon])'",
            at: location(EventMark(line: number, column: column))
        )
    }

    /// A key or item whose column does not match that of any line above.
    private var wrongIndentation: Problem? {
        let mark: EventMark
        switch failure.problem {
        case "did not find expected key", "did not find expected '-' indicator",
            "did not find expected <document start>":
            mark = failure.problemMark
        case Self.missingColon: mark = failure.contextMark
        default: return nil
        }
        guard openFlow == nil, indentation(mark.line) == mark.column else { return nil }
        var above: [(column: Int, line: Int)] = []
        var number = mark.line
        while above.last?.column != 0, let next = contentLine(above: number), let column = indentation(next) {
            number = next
            guard column < above.last?.column ?? .max else { continue }
            // The content of an item begins after its '- '.
            if let inner = content(next)?.column, inner > column, inner < above.last?.column ?? .max {
                above.append((inner, next))
            }
            above.append((column, next))
        }
        guard let deeper = above.last(where: { $0.column > mark.column }),
            !above.contains(where: { $0.column == mark.column })
        else { return nil }
        let others = [deeper] + above.filter { $0.column < mark.column }.prefix(1)
        let shown = others.map { "line \(self.number($0.line)) by \($0.column)" }.joined(separator: " and ")
        return Problem(
            "the line is indented by \(mark.column) space\(mark.column == 1 ? "" : "s"), which matches no line above: \(shown)",
            at: location(mark)
        )
    }

    // MARK: The text

    private func location(_ mark: EventMark) -> SourceLocation {
        let position = SourceLocation.Position(line: number(mark.line), column: mark.column + 1)
        return SourceLocation(file: part.file, position: position)
    }

    private func number(_ line: Int) -> Int { part.line + line }

    /// Returns a line, counted from zero, without its line break.
    private func line(_ number: Int) -> Substring {
        guard lines.indices.contains(number) else { return "" }
        let line = lines[number].last == UInt8(ascii: "\r") ? lines[number].dropLast() : lines[number]
        return Substring(decoding: line, as: UTF8.self)
    }

    private func rest(from mark: EventMark) -> Substring {
        let line = line(mark.line)
        let start = line.unicodeScalars.index(line.startIndex, offsetBy: mark.column, limitedBy: line.endIndex)
        return line[(start ?? line.endIndex)...]
    }

    /// Returns the number of leading spaces of a line, or `nil` for an empty line or a comment.
    private func indentation(_ number: Int) -> Int? {
        let line = line(number)
        guard let first = line.firstIndex(where: { $0 != " " }), line[first] != "#" else { return nil }
        return line.utf8.distance(from: line.startIndex, to: first)
    }

    /// Returns the nearest line above that is neither empty nor a comment.
    private func contentLine(above number: Int) -> Int? {
        (0..<min(number, lines.count)).last { indentation($0) != nil }
    }

    /// Returns the text of a line after its indentation and the dashes of items, with its column.
    private func content(_ number: Int) -> (column: Int, text: Substring)? {
        guard indentation(number) != nil else { return nil }
        let line = line(number)
        var text = line.drop { $0 == " " }
        while text.hasPrefix("- ") { text = text.dropFirst(2).drop { $0 == " " } }
        return (line.utf8.distance(from: line.startIndex, to: text.startIndex), text)
    }
}

extension Problem {
    /// Creates the problem of a mapping as a key, which is how YAML reads a template such as `{{ name }}`.
    static func mappingAsKey(at location: SourceLocation) -> Problem {
        let hint = "write the output of the template, for example of 'helm template', or put text in quotes"
        return Problem("a mapping cannot be a key, as in {{ name }}", at: location, hint: hint)
    }
}
