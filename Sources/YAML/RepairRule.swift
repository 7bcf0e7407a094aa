import Base

/// The mistakes that people make in YAML: how each shows in a line, and the change that corrects it.
///
/// A rule may propose a change where there is no mistake; ``SyntaxRepairs`` keeps those that make the text valid.
struct RepairRule {
    let text: EditableText
    let failure: SyntaxFailure

    /// Returns the changes that may make a text valid, the likeliest first.
    static func repairs(of text: EditableText, _ failure: SyntaxFailure) -> [SyntaxRepair] {
        let rule = Self(text: text, failure: failure)
        let rules = [
            rule.wrongSpace, rule.spaceBehindMark, rule.slashComment, rule.otherComment, rule.lookAlike, rule.separator,
            rule.strayBeforeKey, rule.wrongDash, rule.equalsSign,
            rule.firstCharacter, rule.wrongEscape,
            rule.missingSpace, rule.missingColon, rule.colonInValue, rule.mappingBehindKey, rule.keysOnOneLine,
            rule.listBehindKey,
            rule.valueAboveBlock, rule.openQuote, rule.innerQuotes, rule.wrongQuotes, rule.textBehindQuotes,
            rule.variable, rule.emptyItem, rule.missingComma,
            rule.brackets, rule.unindentedText, rule.outdentedText, rule.missingDashSpace, rule.indentation,
            rule.strayCharacter,
        ]
        return rule.lines.flatMap { line in rules.flatMap { $0(line) } }
    }

    /// The lines in which the mistake may be: where libyaml stopped, what it was reading, and the lines above.
    private var lines: [Int] {
        let problem = failure.problem
        var lines = [problem.problemMark.line, problem.contextMark.line]
        if let flow = failure.openFlow { lines.append(flow.mark.line) }
        if let scalar = failure.lastScalar { lines += [scalar.start.line, scalar.end.line] }
        // The lines above, and then those at which the blocks around them begin.
        var above = problem.problemMark.line
        var width = Int.max
        while let next = text.contentLine(from: above, by: -1), let column = text.indentation(next) {
            if column < width || lines.count < 8 { lines.append(next) }
            width = min(width, column)
            above = next
            if width == 0, lines.count >= 8 { break }
        }
        return lines.filter(text.lines.indices.contains).unique()
    }

    /// The parts of a line with an item, a key or a value.
    struct Parts {
        /// The column of the first character behind the indentation and the dashes of items.
        var start: Int
        /// The column of the `:` behind the key, `nil` for a line without key.
        var colon: Int?
        /// The column of the value, `nil` without key or value.
        var value: Int?
        /// The column behind the last character that is no space and belongs to no comment.
        var end: Int
    }

    /// Returns the parts of a line, `nil` for an empty one and for a comment.
    func parts(_ number: Int) -> Parts? {
        guard let indentation = text.indentation(number) else { return nil }
        let line = text.lines[number]
        var start = indentation
        while start + 1 < line.count, line[start] == "-", line[start + 1] == " " {
            start = line[(start + 1)...].firstIndex { $0 != " " } ?? line.count
        }
        let end = end(of: line, from: start)
        guard start < end else { return nil }
        var parts = Parts(start: start, end: end)
        guard line[start] != "{", line[start] != "[" else { return parts }
        var search = start
        if line[start] == "\"" || line[start] == "'" {
            search = line[(start + 1)..<end].firstIndex(of: line[start]).map { $0 + 1 } ?? end
        }
        parts.colon = (search..<end).first { line[$0] == ":" && ($0 + 1 == end || line[$0 + 1].isBlank) }
        if let colon = parts.colon { parts.value = line[(colon + 1)..<end].firstIndex { !$0.isBlank } }
        return parts
    }

    /// Returns the column behind the text of a line, without its comment and the spaces before that.
    private func end(of line: [Unicode.Scalar], from start: Int) -> Int {
        var end = line.count
        if start < line.count,
            let comment = (start..<line.count).first(where: { line[$0] == "#" && $0 > 0 && line[$0 - 1].isBlank })
        {
            end = comment
        }
        while end > start, line[end - 1].isBlank || line[end - 1] == "\r" { end -= 1 }
        return end
    }

    /// Returns a part of a line as text.
    func characters(_ line: Int, _ start: Int, _ end: Int) -> String {
        YAML.text(text.lines[line][start..<max(start, end)])
    }

    /// Returns the columns of this line to which libyaml points.
    func marked(_ line: Int) -> [Int] {
        [failure.problem.problemMark, failure.problem.contextMark].filter { $0.line == line }.map(\.column)
            .filter(text.lines[line].indices.contains)
    }

    /// Returns whether a column of a line is inside brackets.
    func isInBrackets(_ line: Int, _ column: Int) -> Bool {
        if let flow = failure.openFlow, flow.mark.line < line { return true }
        return !Brackets(text.lines[line].prefix(column)).open.isEmpty
    }

    /// Returns where a value ends that begins at a column: at the end of the line, or at the next comma or bracket.
    func valueEnd(_ line: Int, _ column: Int) -> Int {
        guard let end = parts(line)?.end, end > column else { return text.lines[line].count }
        guard isInBrackets(line, column) else { return end }
        return text.lines[line][column..<end].firstIndex { [",", "]", "}"].contains($0) } ?? end
    }

    /// Returns the change that puts a part of a line in quotes, and the hint for it.
    func quoting(_ line: Int, _ start: Int, _ end: Int) -> (hint: String, change: EditableText.Change) {
        let value = characters(line, start, end)
        let quoted = "'\(value.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''"))'"
        let hint = value.count <= 60 ? "put it in quotes: \(quoted)" : "put the value in quotes"
        return (hint, .init(line: line, column: start, count: end - start, text: quoted))
    }
}

/// The brackets of a line, outside of strings.
struct Brackets {
    /// The brackets that are not closed, with their columns.
    private(set) var open: [(column: Int, bracket: Unicode.Scalar)] = []
    /// The closing brackets that close nothing, or a bracket of another kind.
    private(set) var surplus: [Int] = []
    /// The quote that is not closed.
    private(set) var quote: (column: Int, quote: Unicode.Scalar)?

    init(_ line: some Collection<Unicode.Scalar>) {
        var previous: Unicode.Scalar = " "
        for (column, scalar) in line.enumerated() {
            defer { previous = scalar }
            if let open = quote {
                if scalar == open.quote, open.quote == "'" || previous != "\\" { quote = nil }
                continue
            }
            switch scalar {
            case "\"", "'":
                if previous.isBlank || ["[", "{", ","].contains(previous) { quote = (column, scalar) }
            case "[", "{":
                if !open.isEmpty || previous.isBlank { open.append((column, scalar)) }
            case "]", "}":
                guard let last = open.last, Self.closing(last.bracket) == scalar else {
                    surplus.append(column)
                    continue
                }
                open.removeLast()
            default: break
            }
        }
    }

    /// Returns the bracket that closes another.
    static func closing(_ bracket: Unicode.Scalar) -> Unicode.Scalar { bracket == "{" ? "}" : "]" }
}

extension Unicode.Scalar {
    /// The character's number as Unicode writes it, such as `U+00A0`.
    var codePoint: String {
        let digits = String(value, radix: 16, uppercase: true)
        return "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }

    /// Whether this is a space or a tab.
    var isBlank: Bool { self == " " || self == "\t" }
}

/// Characters that look right and are not.
extension RepairRule {
    /// A tab, or a space that is not YAML's, in the indentation.
    func wrongSpace(_ line: Int) -> [SyntaxRepair] {
        let scalars = text.lines[line]
        let width =
            scalars.firstIndex { !$0.properties.isWhitespace && $0 != "\u{FEFF}" && $0 != "\u{200B}" } ?? scalars.count
        guard width < scalars.count, let wrong = scalars[..<width].firstIndex(where: { $0 != " " }) else { return [] }
        let character = scalars[wrong]
        let name = character == "\u{A0}" ? "a no-break space" : "the character"
        let message =
            character == "\t"
            ? "a tab cannot indent a line"
            : "\(name) \(character.codePoint) cannot indent a line"
        return widths(line).map { target in
            SyntaxRepair(
                evidence: .certain,
                mark: EventMark(line: line, column: wrong),
                message: message,
                hint: "put spaces in its place",
                changes: [.init(line: line, column: 0, count: width, text: String(repeating: " ", count: target))],
            )
        }
    }

    /// A character in the indentation, before a key.
    func strayBeforeKey(_ line: Int) -> [SyntaxRepair] {
        guard let start = text.indentation(line), let colon = parts(line)?.colon else { return [] }
        let scalars = text.lines[line]
        guard start + 1 < colon, !scalars[start].isKeyCharacter, scalars[start] != "\"", scalars[start] != "'",
            scalars[start + 1] == " ", scalars[(start + 1)..<colon].allSatisfy({ $0.isKeyCharacter || $0 == " " })
        else { return [] }
        let found = characters(line, start, start + 1)
        return ["", " "].map { space in
            SyntaxRepair(
                evidence: .certain,
                mark: EventMark(line: line, column: start),
                message: "'\(found)' is not expected before a key",
                hint: "remove it",
                changes: [.init(line: line, column: start, count: 1, text: space)],
            )
        }
    }

    /// A character that looks like the `-` of an item.
    func wrongDash(_ line: Int) -> [SyntaxRepair] {
        guard let start = text.indentation(line), start + 1 < text.lines[line].count,
            text.lines[line][start + 1] == " ",
            ["\u{2010}", "\u{2011}", "\u{2012}", "\u{2013}", "\u{2014}", "\u{2212}", "\u{2022}", "*", "+"]
                .contains(text.lines[line][start])
        else { return [] }
        let found = characters(line, start, start + 1)
        var lines = [line]
        while let below = text.contentLine(from: lines[lines.count - 1], by: 1), text.indentation(below) == start,
            lines.count < 100, text.lines[below][start...].starts(with: [text.lines[line][start], " "])
        {
            lines.append(below)
        }
        return [lines, [line]].unique().map { lines in
            SyntaxRepair(
                evidence: .certain,
                mark: EventMark(line: line, column: start),
                message: "'\(found)' does not begin an item of a list",
                hint: "write '-'",
                changes: lines.map { .init(line: $0, column: start, count: 1, text: "-") },
            )
        }
    }

    /// A `=` in place of the `:` behind a key.
    func equalsSign(_ line: Int) -> [SyntaxRepair] {
        guard let parts = parts(line), parts.colon == nil else { return [] }
        let scalars = text.lines[line]
        guard let sign = scalars[parts.start..<parts.end].firstIndex(of: "="), sign > parts.start,
            let last = scalars[parts.start..<sign].lastIndex(where: { !$0.isBlank }),
            scalars[parts.start...last].allSatisfy(\.isKeyCharacter)
        else { return [] }
        let value = scalars[(sign + 1)..<parts.end].firstIndex { !$0.isBlank } ?? parts.end
        let key = characters(line, parts.start, last + 1)
        return [
            SyntaxRepair(
                evidence: .certain,
                mark: EventMark(line: line, column: sign),
                message: "expected ':' after '\(key)', found '='",
                hint: "write '\(key): \(characters(line, value, min(parts.end, value + 60)))'",
                changes: [
                    .init(line: line, column: last + 1, count: value - last - 1, text: value == parts.end ? ":" : ": ")
                ],
            )
        ]
    }

    /// Typographic quotation marks around a text that needs quotes.
    func wrongQuotes(_ line: Int) -> [SyntaxRepair] {
        let scalars = text.lines[line]
        let marks: [Unicode.Scalar] = ["\u{201C}", "\u{201D}", "\u{201E}", "\u{2018}", "\u{2019}", "\u{AB}", "\u{BB}"]
        guard let first = scalars.firstIndex(where: marks.contains),
            let last = scalars.lastIndex(where: marks.contains),
            first < last
        else { return [] }
        let found = characters(line, first, first + 1)
        let inner = characters(line, first + 1, last)
        return [
            SyntaxRepair(
                mark: EventMark(line: line, column: first),
                message: "\(found) is a typographic quotation mark, not \"",
                hint: "write \"\(inner.prefix(60))\"",
                changes: [.init(line: line, column: first, count: last + 1 - first, text: "\"\(inner)\"")],
                plausibility: 1,
            )
        ]
    }

    /// A character that means something else to YAML at the beginning of a value.
    func firstCharacter(_ line: Int) -> [SyntaxRepair] {
        guard let parts = parts(line) else { return [] }
        let columns = ([parts.value].compactMap(\.self) + marked(line) + (parts.colon == nil ? [parts.start] : []))
            .unique()
        return columns.compactMap { column in
            guard column < parts.end, let meaning = meaning(of: text.lines[line][column...]) else { return nil }
            let end = meaning.isTemplate ? parts.end : valueEnd(line, column)
            guard end > column else { return nil }
            let (quoted, change) = quoting(line, column, end)
            let hint =
                meaning.isTemplate ? templateHint : quoted
            return SyntaxRepair(
                mark: EventMark(line: line, column: column),
                message: meaning.message,
                hint: hint,
                changes: [change],
            )
        }
    }

    /// The meaning of the first characters of a value to YAML.
    private struct Meaning {
        var message: String
        var isTemplate = false
    }

    private func meaning(of value: ArraySlice<Unicode.Scalar>) -> Meaning? {
        guard let first = value.first else { return nil }
        switch first {
        case "@", "`", "%": return Meaning(message: "a value cannot begin with '\(first)'")
        case "*": return Meaning(message: "a value that begins with '*' is an alias in YAML")
        case "&": return Meaning(message: "a value that begins with '&' has an anchor in YAML")
        case "!": return Meaning(message: "a value that begins with '!' has a tag in YAML")
        case "{" where value.dropFirst().first == "{":
            return Meaning(message: "'{{' begins a mapping in YAML", isTemplate: true)
        case "{": return Meaning(message: "a value that begins with '{' is a mapping in YAML")
        case "[": return Meaning(message: "a value that begins with '[' is a list in YAML")
        case "|", ">": return Meaning(message: "a value that begins with '\(first)' is a text on the lines below it")
        case ",", "]", "}": return Meaning(message: "a value cannot begin with '\(first)'")
        default: return nil
        }
    }

    /// An unknown escape in double quotes.
    func wrongEscape(_ line: Int) -> [SyntaxRepair] {
        guard failure.problem.problem == "found unknown escape character" else { return [] }
        return marked(line).prefix(1).compactMap { column in
            let scalars = text.lines[line]
            let start = scalars[column] == "\\" ? column : column - 1
            guard start >= 0, start + 1 < scalars.count else { return nil }
            let escape = characters(line, start, start + 2)
            return SyntaxRepair(
                evidence: .certain,
                mark: EventMark(line: line, column: start),
                message: "'\(escape)' is not an escape",
                hint: "write '\\\(escape)', or the string in single quotes",
                changes: [.init(line: line, column: start, text: "\\")],
            )
        }
    }

    /// A character that has no business where libyaml stopped.
    func strayCharacter(_ line: Int) -> [SyntaxRepair] {
        let scalars = text.lines[line]
        let columns = marked(line).flatMap { [$0, $0 - 1] }.unique()
        return columns.filter { scalars.indices.contains($0) && !scalars[$0].isKeyCharacter && !scalars[$0].isBlank }
            .map { column in
                SyntaxRepair(
                    evidence: .none,
                    mark: EventMark(line: line, column: column),
                    message: "'\(scalars[column])' is not expected here",
                    hint: "remove it",
                    changes: [.init(line: line, column: column, count: 1, text: "")],
                )
            }
    }
}

extension Unicode.Scalar {
    /// Whether this character is usual in a key.
    var isKeyCharacter: Bool {
        properties.isAlphabetic || properties.numericType != nil || ["-", "_", ".", "/"].contains(self)
    }
}
