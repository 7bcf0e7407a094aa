import Base

/// Texts that can be parsed, but not as their author meant them.
extension Composer {
    /// Reports items of a list that are indented further than the first one, which makes one text of all of them.
    ///
    /// - Returns: Whether the scalar was such a text; its items have then been added to the list.
    mutating func addItemsOnOneText(_ scalar: ScalarEvent, _ span: EventSpan) -> Bool {
        guard scalar.style == .plain, span.end.line > span.start.line, let list = frames.last, !list.isMapping,
            !list.isFlow
        else { return false }
        let source = source
        let below = (span.start.line + 1...span.end.line).filter { source.indentation($0) != nil }
        let items = below.filter { source.line($0).drop { $0 == " " }.hasPrefix("- ") }
        guard !items.isEmpty else { return false }
        let first = source.rest(from: EventMark(line: span.start.line, column: list.mark.column))
        for line in items {
            let (column, text) = (source.indentation(line) ?? 0, source.line(line).drop { $0 == " " })
            let place = location(EventMark(line: line, column: column))
            let problem = Problem(
                "'\(text.prefix(40))' is indented further than '\(first.prefix(40))' in line "
                    + "\(location(span.start).position?.line ?? 0), so both are one text",
                at: place,
                hint: "indent it by \(list.mark.column) space\(list.mark.column == 1 ? "" : "s")"
            )
            problems.append(problem)
        }
        for line in [span.start.line] + below {
            let mark =
                line == span.start.line ? span.start : EventMark(line: line, column: source.indentation(line) ?? 0)
            let text = source.rest(from: mark)
            let item = line == span.start.line ? text : text.dropFirst(text.hasPrefix("- ") ? 2 : 0)
            add(.string(String(item), location: location(mark)), height: 0)
        }
        return true
    }

    /// Reports a separator of documents that is indented, which makes it the end of a text without quotes.
    mutating func reportSeparator(_ scalar: ScalarEvent, _ span: EventSpan, _ value: inout ResolvedScalar) {
        guard scalar.style == .plain, scalar.text.hasSuffix(" ---"), span.end.line > span.start.line,
            let line = (span.start.line + 1...span.end.line).last(where: { source.indentation($0) != nil }),
            let column = source.indentation(line), column > 0, source.line(line).drop(while: { $0 == " " }) == "---"
        else { return }
        let place = location(EventMark(line: line, column: 0))
        problems.append(
            Problem(
                "'---' is indented, so it is a part of the text that begins in line "
                    + "\(location(span.start).position?.line ?? 0)",
                at: place,
                hint: "remove the spaces before it"
            )
        )
        value.text = String(scalar.text.dropLast(4))
    }

    /// Reports a comment of another language, which is a key to YAML, such as `// why` after a comma.
    mutating func reportComment(_ scalar: ScalarEvent, at location: SourceLocation) {
        guard expectsKey, scalar.style == .plain, scalar.text.hasPrefix("// ") else { return }
        problems.append(
            Problem("'//' does not begin a comment in YAML", at: location, hint: "write '#'")
        )
    }

    /// Reports spaces that do not separate words in YAML at the ends of a value or key without quotes.
    mutating func reportSpaces(_ scalar: ScalarEvent, at location: SourceLocation, _ value: inout ResolvedScalar) {
        guard scalar.style == .plain, let first = scalar.text.unicodeScalars.first,
            let last = scalar.text.unicodeScalars.last, !last.isASCII || !first.isASCII || first == "-"
        else { return }
        let scalars = Array(scalar.text.unicodeScalars)
        let begin = scalars.prefix { $0.isOtherSpace }.count
        let end = begin == scalars.count ? 0 : scalars.reversed().prefix { $0.isOtherSpace }.count
        if first == "-", scalars.count > 1, scalars[1].isOtherSpace {
            let old = text(scalars.prefix(2))
            problems.append(
                Problem(
                    "'-' is followed by \(scalars[1].spaceName), which does not separate words in YAML",
                    at: location,
                    hint: "put a space in its place"
                )
            )
            value.items = scalar.text.split(separator: old).map { String($0.drop { $0 == " " }) }
            return
        }
        // A key that begins with such a space is indented by it, which is reported as a key.
        guard end > 0 || begin > 0 && !expectsKey else { return }
        let what = expectsKey ? "key" : "value"
        let (space, verb) = begin > 0 && !expectsKey ? (first, "begins") : (last, "ends")
        problems.append(
            Problem(
                "the \(what) \(verb) with \(space.spaceName), which would be a part of it",
                at: location,
                hint: "remove that character"
            )
        )
        value.text = text(scalars.dropFirst(expectsKey ? 0 : begin).dropLast(end))
    }

    /// Returns a value in the place of one that an alias names without an anchor.
    func unknownValue(of name: String, at location: SourceLocation) -> Anchors.Value {
        if case .merge? = frames.last?.key {
            return Anchors.Value(node: .mapping([], location: location), nodeCount: 1, height: 0)
        }
        return Anchors.Value(node: .string("*\(name)", location: location), nodeCount: 1, height: 0)
    }
}

extension Unicode.Scalar {
    /// Whether this looks like a space, or like nothing, and does not separate words in YAML.
    var isOtherSpace: Bool {
        !isASCII
            && (properties.generalCategory == .spaceSeparator || ["\u{200B}", "\u{FEFF}", "\u{2060}"].contains(self))
    }

    /// The name of such a character in messages.
    var spaceName: String {
        let name =
            switch self {
            case "\u{A0}", "\u{202F}", "\u{2007}": "a no-break space"
            case "\u{200B}", "\u{FEFF}", "\u{2060}": "an invisible character"
            default: "a wide space"
            }
        return "\(name) (\(codePoint))"
    }
}
