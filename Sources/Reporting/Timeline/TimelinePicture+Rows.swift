import Base
import Execution
import Host
import State

/// The rows of a timeline picture.
extension TimelinePicture {
    /// The rows of the units and of the tasks, each group below a heading.
    var rows: [SVGElement] {
        let units = timeline.units.enumerated().map { row($0.element, y(ofUnit: $0.offset)) }
        let tasks = timeline.tasks.enumerated().map { row($0.element, y(ofTask: $0.offset)) }
        let unitsHeading = units.isEmpty ? [] : [heading("Units of systemd", chartY)]
        let tasksHeading = tasks.isEmpty ? [] : [heading("Tasks", y(ofTask: -1))]
        return unitsHeading + units + tasksHeading + tasks
    }

    /// Returns the upper edge of a unit's row; the heading occupies the first row.
    private func y(ofUnit index: Int) -> Double { chartY + Double(1 + index) * Self.rowHeight }

    /// Returns the upper edge of a task's row; the heading occupies the row before the first task.
    private func y(ofTask index: Int) -> Double {
        let unitRowCount = timeline.units.isEmpty ? 0 : 1 + timeline.units.count
        return chartY + Double(unitRowCount + 1 + index) * Self.rowHeight
    }

    private func heading(_ words: String, _ y: Double) -> SVGElement {
        .label(words, "\(SVGColour.muted.fill) small strong", x: Self.margin, y: y + 15)
    }

    private func row(_ task: TimelineTask, _ y: Double) -> SVGElement {
        let result = task.result(until: timeline.end)
        let words = [task.beforeStart, task.times].compactMap(\.self) + task.details(until: timeline.end)
        let tooltip = ["\(task.name): \(task.state)"] + [task.description].compactMap { $0.map(printable) } + words
        return row(
            name: task.name,
            isCritical: task.isCritical,
            bars: task.spans.flatMap { bars($0, y) },
            result: (result, task.state.tone.textColour),
            caption: task.caption(until: timeline.end),
            tooltip: tooltip.joined(separator: "\n"),
            y,
        )
    }

    private func row(_ unit: TimelineUnit, _ y: Double) -> SVGElement {
        var bars: [SVGElement] = []
        if let started = unit.started {
            bars.append(bar(.inactive, started, unit.startEnd, y, height: 8))
            if let active = unit.active { bars.append(line(active, unit.ended, y, .inactive)) }
        }
        let times = [(unit.started, "started at"), (unit.active, "active at"), (unit.ended, "ended at")]
        let words = times.compactMap { time, word in time.map { "\(word) \($0.humanReadable)" } }
        return row(
            name: unit.name,
            isCritical: unit.isCritical,
            bars: bars,
            result: (unit.result, unit.state.active == "failed" ? .failed : .muted),
            caption: unit.caption,
            tooltip: (["\(unit.name): \(unit.state)"] + words).joined(separator: "\n"),
            y,
        )
    }

    private func row(
        name: String,
        isCritical: Bool,
        bars: [SVGElement],
        result: (words: String, colour: SVGColour),
        caption: String,
        tooltip: String,
        _ y: Double,
    ) -> SVGElement {
        let nameClasses = isCritical ? "\(SVGColour.text.fill) strong" : SVGColour.text.fill
        var elements = [SVGElement("title", text: tooltip)]
        if isCritical { elements.append(.dot(.accent, x: Self.margin + 4, y: y + Self.rowHeight / 2)) }
        let cutName = svgText(name, within: barsX - Self.margin - 24)
        elements.append(.label(cutName, nameClasses, x: Self.margin + 14, y: y + 15))
        elements += bars
        elements.append(.label(result.words, result.colour.fill, x: resultsX, y: y + 15))
        if !caption.isEmpty {
            elements.append(.label(caption, "\(SVGColour.muted.fill) small", x: captionsX, y: y + 15))
        }
        return SVGElement("g", [:], elements)
    }

    // MARK: Bars

    private func bars(_ span: TimelineSpan, _ y: Double) -> [SVGElement] {
        switch span.kind {
        case .dependency, .unit:
            return [line(span.start, span.end, y, .inactive, dashes: TimelineLegend.beforeDashes)]
        case .pause: return [line(span.start, span.end, y, .muted, dashes: TimelineLegend.pauseDashes)]
        case .server, .lock, .condition:
            return [bar(.waiting, span.start, span.end, y, height: 8)] + (span.isFailure ? [cross(span, y)] : [])
        case .work:
            let colour: SVGColour = span.end == nil ? .running : span.isFailure ? .failed : .succeeded
            return [bar(colour, span.start, span.end, y, height: 14)] + (span.isFailure ? [cross(span, y)] : [])
        }
    }

    /// Returns a bar that is wide enough to be visible.
    private func bar(
        _ colour: SVGColour,
        _ start: Duration,
        _ end: Duration?,
        _ y: Double,
        height: Double,
    ) -> SVGElement {
        let left = x(start)
        let width = max(2, x(end ?? timeline.end) - left)
        return .bar(colour, x: left, y: y + Self.rowHeight / 2, width: width, height: height)
    }

    private func line(
        _ start: Duration,
        _ end: Duration?,
        _ y: Double,
        _ colour: SVGColour,
        dashes: String = "none",
    ) -> SVGElement {
        .line(colour, x: x(start), to: x(end ?? timeline.end), y: y + Self.rowHeight / 2, dashes: dashes)
    }

    /// Returns the mark of a failed attempt, which is recognisable without colour.
    private func cross(_ span: TimelineSpan, _ y: Double) -> SVGElement {
        TimelineLegend.cross(x: x(span.end ?? timeline.end), y: y + Self.rowHeight / 2)
    }

    /// Lines between the rows of the critical path, from the end of each to the start of the next.
    var connections: [SVGElement] {
        var rows: [String: (y: Double, start: Duration?, end: Duration?)] = [:]
        for (index, unit) in timeline.units.enumerated() where unit.isCritical {
            rows[unit.name] = (y(ofUnit: index), unit.started, unit.startEnd)
        }
        for (index, task) in timeline.tasks.enumerated() where task.isCritical {
            rows[task.name] = (y(ofTask: index), task.started, task.ended)
        }
        let path = timeline.criticalPath.compactMap { rows[$0] }
        return zip(path, path.dropFirst()).compactMap { from, to -> SVGElement? in
            guard let end = from.end, let start = to.start else { return nil }
            let middle = Self.rowHeight / 2
            let corner = "\(svgNumber(x(end))) \(svgNumber(from.y + middle))"
            let line = "M\(corner)V\(svgNumber(to.y + middle))H\(svgNumber(x(start)))"
            let attributes: KeyValuePairs = [
                "class": SVGColour.accent.stroke, "d": line, "fill": "none", "stroke-width": "1.5",
            ]
            return SVGElement("path", attributes)
        }
    }
}
