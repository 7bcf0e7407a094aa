import Base

/// Indentation.
extension RepairRule {
    /// Returns the indentations that a line may have: of the blocks above it, below a key, and as the line below it.
    func widths(_ line: Int) -> [Int] {
        var widths = text.openIndentations(above: line)
        if let above = text.contentLine(from: line, by: -1), let parts = parts(above), parts.colon != nil,
            parts.value.map({ ["|", ">"].contains(text.lines[above][$0]) }) ?? true
        {
            widths.insert(parts.start + 2, at: 0)
        }
        if let below = text.contentLine(from: line, by: 1), let column = text.indentation(below) {
            widths.append(column)
        }
        return widths.isEmpty ? [0] : widths.unique()
    }

    /// A line that is indented too far, or not far enough, perhaps with the lines that belong to it.
    func indentation(_ line: Int) -> [SyntaxRepair] {
        guard let width = text.indentation(line), let first = text.lines[line].first, first == " " || width == 0 else {
            return []
        }
        let open = text.openIndentations(above: line)
        var message = "the line is indented by \(spaces(width))"
        if let above = open.first, width > above, parts(text.contentLine(from: line, by: -1) ?? line)?.value != nil {
            message = "the line is indented deeper than the one above it and continues its value"
        } else if !open.contains(width) {
            message += ", which matches no line above"
        }
        let block = deeperLines(below: line, than: width)
        return widths(line).filter { $0 != width }.flatMap { target in
            let shifts = (block.isEmpty ? [[line]] : [[line], [line] + block]).filter { !swallows($0, target) }
            return shifts.map { lines in
                SyntaxRepair(
                    mark: EventMark(line: line, column: width),
                    message: message,
                    hint: "indent it by \(spaces(target))",
                    changes: lines.compactMap { number in shift(number, by: target - width) },
                    // Most lines of a text are right.
                    plausibility: text.lines.indices.count { text.indentation($0) == target },
                )
            }
        }
    }

    /// Whether lines that move to the left begin a text behind `|` or `>` to which the next line would belong then.
    private func swallows(_ lines: [Int], _ target: Int) -> Bool {
        guard let header = lines.first, let last = lines.last, let width = text.indentation(header), target < width,
            isTextHeader(header), let below = text.contentLine(from: last, by: 1), let next = text.indentation(below)
        else { return false }
        return next > target && next <= width
    }

    /// Whether a line ends with the `|` or `>` of a text on the lines below it.
    private func isTextHeader(_ line: Int) -> Bool {
        guard let parts = parts(line), let value = parts.value else { return false }
        return ["|", ">"].contains(text.lines[line][value])
            && text.lines[line][(value + 1)..<parts.end].allSatisfy { "+-123456789".unicodeScalars.contains($0) }
    }

    /// Returns the change that moves a line, `nil` for an empty line, and for one that cannot move so far.
    private func shift(_ line: Int, by distance: Int) -> EditableText.Change? {
        guard let width = text.column(line), width + distance >= 0 else { return nil }
        return .init(line: line, column: 0, count: width, text: String(repeating: " ", count: width + distance))
    }

    /// Returns the lines below a line that are indented further than a width.
    private func deeperLines(below line: Int, than width: Int) -> [Int] {
        var lines: [Int] = []
        var next = line
        while lines.count < 200, let below = text.contentLine(from: next, by: 1), let column = text.indentation(below),
            column > width
        {
            lines.append(below)
            next = below
        }
        return lines
    }

    /// A text behind `|` or `>` that is not indented further than its key.
    func unindentedText(_ line: Int) -> [SyntaxRepair] {
        guard let parts = parts(line), let value = parts.value, let key = parts.colon, isTextHeader(line),
            let first = textLine(below: line), let width = text.column(first), width <= parts.start
        else { return [] }
        var lines: [Int] = []
        var next: Int? = first
        var repairs: [SyntaxRepair] = []
        while let number = next, repairs.count < 24 {
            lines.append(number)
            next = textLine(below: number)
            repairs.append(
                SyntaxRepair(
                    evidence: .certain,
                    mark: EventMark(line: first, column: width),
                    message:
                        "the text after '\(text.lines[line][value])' is not indented further than '\(characters(line, parts.start, key + 1))'",
                    hint:
                        "indent the text by \(spaces(parts.start + 2)), up to '\(characters(number, 0, text.lines[number].count).drop { $0 == " " }.prefix(40))'",
                    changes: lines.compactMap { shift($0, by: parts.start + 2 - width) },
                )
            )
        }
        return repairs
    }

    /// A line of a text behind `|` or `>` that is indented less than the first one.
    func outdentedText(_ line: Int) -> [SyntaxRepair] {
        guard let width = text.column(line), let header = textHeader(above: line, width),
            let first = textLine(below: header), let target = text.column(first), first < line, width < target
        else { return [] }
        var lines: [Int] = []
        var next: Int? = line
        var repairs: [SyntaxRepair] = []
        while let number = next, let column = text.column(number), column < target, repairs.count < 8,
            number == line || column > text.indentation(header) ?? 0 || !text.lines[number].contains(":")
        {
            lines.append(number)
            next = textLine(below: number)
            let end = characters(number, column, text.lines[number].count).prefix(40)
            let last = lines.count == 1 ? "" : ", and the lines below it up to '\(end)'"
            repairs.append(
                SyntaxRepair(
                    mark: EventMark(line: line, column: width),
                    message: "the line is indented less than the text above it, to which it belongs",
                    hint: "indent it by \(spaces(target))\(last)",
                    changes: lines.compactMap { shift($0, by: target - (text.column($0) ?? target)) },
                    // Any general change of the indentation is less likely.
                    plausibility: text.lines.count,
                )
            )
        }
        return repairs
    }

    /// Returns the line with the `|` or `>` of the block text above a line, `nil` if there is none.
    private func textHeader(above line: Int, _ width: Int) -> Int? {
        var number = line
        while let above = text.contentLine(from: number, by: -1), let column = text.indentation(above) {
            if isTextHeader(above) { return above }
            guard column > width else { return nil }
            number = above
        }
        return nil
    }

    /// Returns the first line below one that is not empty; one with `#` belongs to a text.
    private func textLine(below number: Int) -> Int? {
        text.lines.indices.dropFirst(number + 1).first { text.column($0) != nil }
    }

    func spaces(_ count: Int) -> String {
        count == 1 ? "1 space" : "\(count) spaces"
    }
}
