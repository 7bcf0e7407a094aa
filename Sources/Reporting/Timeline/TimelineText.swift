import Base

/// Draws a timeline as lines of text for a terminal of the given width, by default 100 columns.
public func timelineLines(
    _ timeline: Timeline,
    columns: Int? = nil,
    isColoured: Bool = false,
) -> [String] {
    guard !timeline.tasks.isEmpty else { return [timeline.summary] }
    return TimelineText(timeline, columns: columns ?? 100, isColoured: isColoured).lines
}

private struct TimelineText {
    private let timeline: Timeline
    private let rows: [TimelineRow]
    private let columns: Int
    private let isColoured: Bool
    private let nameWidth: Int
    private let barWidth: Int

    init(_ timeline: Timeline, columns: Int, isColoured: Bool) {
        (self.timeline, self.columns, self.isColoured) = (timeline, columns, isColoured)
        rows = timeline.rows
        nameWidth = min(rows.map { printable($0.name).columnCount }.max() ?? 0, max(12, columns * 3 / 10))
        let resultWidth = rows.map(\.result.columnCount).max() ?? 0
        // Two columns are for the mark of the critical path, and two are on each side of the bar.
        barWidth = max(8, columns - nameWidth - resultWidth - 6)
    }

    var lines: [String] {
        let heading = [timeline.summary, timeline.originWords].flatMap { wrapped($0) }
        let chart = rows.flatMap { row in [line(row)] + row.details.flatMap { wrapped($0, indentation: 4) } }
        let marks = TimelineRow.Mark.allCases.reversed().map { "\($0.form.character) \($0.form.meaning)" }
        let critical = timeline.criticalWords.map { ["* \($0)"] } ?? []
        let footer = marks + critical + timeline.notes.map { "note: \($0)" }
        return heading + ["", axis] + chart + [""] + footer.flatMap { wrapped($0) }
    }

    /// The times above the bars; times that do not fit are left out.
    private var axis: String {
        var line = String(repeating: " ", count: nameWidth + 4)
        for time in timeline.axisMarks(intervals: barWidth / 10) {
            let place = nameWidth + 4 + Int(timeline.place(of: time) * Double(barWidth))
            guard place >= line.count, place + time.text.count <= nameWidth + 4 + barWidth else { continue }
            line = line.padded(to: place) + time.text
        }
        return line
    }

    private func line(_ row: TimelineRow) -> String {
        let name = printable(row.name).truncated(to: nameWidth).padded(to: nameWidth)
        return "\(row.isCritical ? "*" : " ") \(name)  \(bar(row))  \(painted(row.result, row.tone))"
    }

    private func bar(_ row: TimelineRow) -> String {
        var cells = [TimelineRow.Mark?](repeating: nil, count: barWidth)
        for bar in row.bars {
            let first = min(barWidth - 1, Int(timeline.place(of: bar.start) * Double(barWidth)))
            // A bar that ends exactly at the beginning of a character does not include it.
            let end = bar.end.map { Int((timeline.place(of: $0) * Double(barWidth)).rounded(.up)) - 1 } ?? barWidth - 1
            for cell in first...max(first, end) where (cells[cell]?.rawValue ?? -1) < bar.mark.rawValue {
                cells[cell] = bar.mark
            }
        }
        var parts: [(mark: TimelineRow.Mark?, text: String)] = []
        for mark in cells {
            if parts.isEmpty || parts[parts.count - 1].mark != mark { parts.append((mark, "")) }
            parts[parts.count - 1].text += mark?.form.character ?? " "
        }
        return parts.map { part in part.mark.map { painted(part.text, $0.form.tone) } ?? part.text }.joined()
    }

    private func wrapped(_ text: String, indentation: Int = 0) -> [String] {
        let space = String(repeating: " ", count: indentation)
        return printable(text).wrapped(to: max(20, columns - indentation)).map { space + $0 }
    }

    private func painted(_ text: String, _ tone: Line.Tone) -> String { isColoured ? tone.painted(text) : text }
}
