import Base

/// Draws a timeline as human-readable text.
///
/// - Parameters:
///   - timeline: The timeline.
///   - columns: The width of the terminal, or `nil` for the default width of files.
///   - isColoured: Whether the text is coloured.
///   - isUTF8: Whether the text may contain non-ASCII characters.
/// - Returns: The lines, without line endings.
public func timelineLines(
    _ timeline: Timeline,
    columns: Int? = nil,
    isColoured: Bool = false,
    isUTF8: Bool = true,
) -> [String] {
    guard !timeline.tasks.isEmpty else { return [timeline.summary] }
    return TimelineText(timeline, columns: columns ?? 100, isColoured: isColoured, isUTF8: isUTF8).lines
}

/// A timeline as lines of a given width.
private struct TimelineText {
    let timeline: Timeline
    let columns: Int
    let isColoured: Bool
    let isUTF8: Bool

    /// The width of the name column.
    private let nameWidth: Int
    private let barWidth: Int
    private let axis: TimeAxis
    private let unitBars: [TimelineBar]
    private let taskBars: [TimelineBar]

    /// The smallest number of columns of a bar, even if lines become wider than the terminal.
    private static let minimumWidth = 8

    /// The number of columns for one mark of the axis, including the space after the mark.
    private static let markWidth = 10

    /// The smallest number of columns for details next to a task of the critical path.
    ///
    /// If fewer columns are available, the details are below the task.
    private static let detailWidth = 24

    init(_ timeline: Timeline, columns: Int, isColoured: Bool, isUTF8: Bool) {
        self.timeline = timeline
        self.columns = columns
        self.isColoured = isColoured
        self.isUTF8 = isUTF8
        let names = timeline.tasks.map(\.name) + timeline.units.map(\.name)
        nameWidth = min(names.map { printable($0).columnCount }.max() ?? 0, max(12, columns * 3 / 10))
        let results = timeline.tasks.map { $0.result(until: timeline.end) } + timeline.units.map(\.result)
        let resultWidth = results.map(\.columnCount).max() ?? 0
        // Two columns are for the mark of the critical path, and two are on each side of the bar.
        let width = max(Self.minimumWidth, columns - nameWidth - resultWidth - 6)
        let axis = TimeAxis(end: timeline.end, count: width / Self.markWidth)
        unitBars = timeline.units.map { TimelineBar($0, axis, width: width) }
        taskBars = timeline.tasks.map { TimelineBar($0, axis, width: width) }
        (barWidth, self.axis) = (width, axis)
    }

    var lines: [String] {
        wrapped(timeline.summary) + wrapped(timeline.originWords) + [""] + chart + [""] + legend + critical
            + timeline.notes.flatMap { wrapped("note: \($0)") }
    }

    private var chart: [String] {
        let units = zip(timeline.units, unitBars).map { unit, bar in
            row(unit.name, isCritical: unit.isCritical, bar, unit.result, .progress)
        }
        let tasks = zip(timeline.tasks, taskBars).flatMap { task, bar in
            let result = task.result(until: timeline.end)
            let details = task.details(until: timeline.end).flatMap { wrapped($0, indentation: 4) }
            return [row(task.name, isCritical: task.isCritical, bar, result, task.state.tone.line)] + details
        }
        return [axisLine] + units + tasks
    }

    private func row(
        _ name: String,
        isCritical: Bool,
        _ bar: TimelineBar,
        _ result: String,
        _ tone: Line.Tone,
    ) -> String {
        let mark = isCritical ? painted("*", .summary) : " "
        let name = shown(name).truncated(to: nameWidth, isUTF8: isUTF8).padded(to: nameWidth)
        return "\(mark) \(name)  \(bar.text(isColoured: isColoured, isUTF8: isUTF8))  \(painted(result, tone))"
    }

    /// The times of the axis at their positions, as many as fit.
    private var axisLine: String {
        var line = String(repeating: " ", count: nameWidth + 4)
        var used = 0
        for time in axis.marks {
            let place = Int(axis.place(of: time) * Double(barWidth))
            let text = time.text
            guard place >= used, place + text.count <= barWidth else { continue }
            line += String(repeating: " ", count: place - used) + text
            used = place + text.count
        }
        return line
    }

    /// The meanings of the characters that occur, in lines that are broken between entries.
    private var legend: [String] {
        var marks: Set<TimelineBar.Mark> = []
        for bar in unitBars + taskBars { marks.formUnion(bar.marks) }
        if marks.contains(.failedWork) || marks.contains(.runningWork) { marks.insert(.work) }
        let texts = TimelineBar.Mark.allCases.reversed().filter(marks.contains).compactMap { mark in
            mark.meaning.map { "\(mark.character(isUTF8: isUTF8)) \($0)" }
        }
        let all = texts + (timeline.criticalPath.isEmpty ? [] : ["* \(TimelineLegend.Item.critical.words)"])
        var lines: [String] = []
        for (index, text) in all.enumerated() {
            let item = index == all.count - 1 ? text : "\(text),"
            if let last = lines.last, last.columnCount + 1 + item.columnCount <= columns {
                lines[lines.count - 1] = "\(last) \(item)"
            } else {
                lines.append(item)
            }
        }
        return lines
    }

    /// The tasks of the critical path, with their start times and durations.
    private var critical: [String] {
        guard let end = timeline.criticalEnd else { return [] }
        let tasks = Dictionary(timeline.tasks.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let rows = timeline.criticalPath.map { name -> [String] in
            guard let task = tasks[name] else {
                let unit = timeline.units.first { $0.name == name }
                return [shown(name), "", unit?.startWords ?? ""]
            }
            let took = task.took(until: timeline.end)?.humanReadable ?? ""
            let waited = task.waits(until: timeline.end).map { wait in
                "\(wait.duration.humanReadable) of it waiting for \(wait.span.subjectWords)"
            }
            return [shown(name), took, shown(([task.startWords ?? ""] + waited).joined(separator: ", "))]
        }
        let limit = timeline.isOngoing ? "so far" : "until the last task ended"
        let heading = wrapped("critical path, \(end.humanReadable) \(limit):")
        let widths = [0, 1].map { column in rows.map { $0[column].columnCount }.max() ?? 0 }
        let lines = rows.flatMap { row in
            let head = "  \(row[0].padded(to: widths[0]))  \(row[1].padded(to: widths[1]))  "
            guard columns - head.columnCount >= Self.detailWidth else {
                let details = row.dropFirst().filter { !$0.isEmpty }.joined(separator: ", ")
                return wrapped(row[0], indentation: 2) + wrapped(details, indentation: 4)
            }
            let details = row[2].wrapped(to: columns - head.columnCount)
            let indentation = String(repeating: " ", count: head.columnCount)
            return details.enumerated().map { ($0.offset == 0 ? head : indentation) + $0.element }
        }
        return [""] + heading + lines
    }

    private func wrapped(_ text: String, indentation: Int = 0) -> [String] {
        let width = max(20, columns - indentation)
        return shown(text).wrapped(to: width).map { String(repeating: " ", count: indentation) + $0 }
    }

    private func shown(_ text: String) -> String { tableText(text, isUTF8) }

    private func painted(_ text: String, _ tone: Line.Tone) -> String { isColoured ? tone.painted(text) : text }
}
