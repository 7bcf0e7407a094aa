import Base
import Execution
import Host
import Planning
import State

/// The rows of a picture of a timeline.
extension TimelinePicture {
    /// The units and the tasks, each below a heading.
    var rows: [SVGElement] {
        var elements: [SVGElement] = []
        var y = chartY
        if !timeline.units.isEmpty {
            elements.append(heading("Units of systemd", y))
            y += Self.rowHeight
            for unit in timeline.units {
                elements.append(row(unit, y))
                y += Self.rowHeight
            }
        }
        elements.append(heading("Tasks", y))
        for task in timeline.tasks {
            y += Self.rowHeight
            elements.append(row(task, y))
        }
        return elements
    }

    /// The upper edge of the row of a task.
    private func y(of name: String) -> Double? {
        let units = timeline.units.isEmpty ? 0 : timeline.units.count + 1
        if let index = timeline.units.firstIndex(where: { $0.name == name }) {
            return chartY + Double(index + 1) * Self.rowHeight
        }
        return timeline.tasks.firstIndex { $0.name == name }.map { chartY + Double(units + 1 + $0) * Self.rowHeight }
    }

    private func heading(_ words: String, _ y: Double) -> SVGElement {
        text(words, x: Self.margin, y: y + 15, within: Self.nameLimit, "\(SVGColour.muted.fill) small strong")
    }

    private func row(_ task: TimelineTask, _ y: Double) -> SVGElement {
        let details = task.details(until: timeline.end)
        let result = task.result(until: timeline.end)
        let words = [task.beforeStart].compactMap(\.self) + details
        let tooltip = ["\(task.name): \(task.state)"] + [task.description].compactMap { $0.map(printable) } + words
        return row(
            name: task.name,
            isCritical: task.isCritical,
            bars: task.spans.flatMap { bars($0, y) },
            result: (result, colour(task)),
            detail: details.joined(separator: "; "),
            tooltip: tooltip.joined(separator: "\n"),
            y,
        )
    }

    private func row(_ unit: TimelineUnit, _ y: Double) -> SVGElement {
        var bars: [SVGElement] = []
        if let started = unit.started {
            bars.append(bar(.skipped, started, unit.active ?? unit.ended, y, height: 8))
            if let active = unit.active { bars.append(line(active, unit.ended, y, .skipped)) }
        }
        let times = [(unit.started, "started at"), (unit.active, "active at"), (unit.ended, "ended at")]
        let words = times.compactMap { time, word in time.map { "\(word) \($0.humanReadable)" } }
        return row(
            name: unit.name,
            isCritical: unit.isCritical,
            bars: bars,
            result: (unit.result, unit.state.active == "failed" ? .failed : .muted),
            detail: unit.active.map { "at \($0.humanReadable)" } ?? "",
            tooltip: (["\(unit.name): \(unit.state)"] + words).joined(separator: "\n"),
            y,
        )
    }

    private func row(
        name: String,
        isCritical: Bool,
        bars: [SVGElement],
        result: (words: String, colour: SVGColour),
        detail: String,
        tooltip: String,
        _ y: Double,
    ) -> SVGElement {
        let resultX = barsX + Self.barsWidth + 12
        let nameClasses = isCritical ? "\(SVGColour.text.fill) strong" : SVGColour.text.fill
        var elements = [SVGElement("title", text: tooltip)]
        if isCritical {
            elements.append(
                SVGElement(
                    "circle",
                    [
                        "class": SVGColour.accent.fill, "cx": svgNumber(Self.margin + 4), "cy": svgNumber(y + 11),
                        "r": "3.5",
                    ]
                )
            )
        }
        elements += [text(name, x: Self.margin + 14, y: y + 15, within: barsX - Self.margin - 24, nameClasses)] + bars
        elements += [
            text(result.words, x: resultX, y: y + 15, within: Self.resultWidth, result.colour.fill),
            SVGElement(
                "text",
                [
                    "class": "\(SVGColour.muted.fill) small", "x": svgNumber(resultX + Self.resultWidth),
                    "y": svgNumber(y + 15),
                ],
                text: svgText(detail, within: Self.detailWidth, size: 11),
            ),
        ]
        return SVGElement("g", [:], elements)
    }

    private func colour(_ task: TimelineTask) -> SVGColour {
        switch task.state {
        case .ended(.changed), .ended(.unchanged): .text
        case .ended(.failed), .ended(.interrupted): .failed
        case .running: .running
        case .notYet, .waiting, .unknown, .ended(.skipped): .muted
        }
    }

    // MARK: Bars

    private func bars(_ span: TimelineSpan, _ y: Double) -> [SVGElement] {
        switch span.kind {
        case .dependency, .unit: return [line(span.start, span.end, y, .line)]
        case .pause: return [line(span.start, span.end, y, .muted, isDashed: true)]
        case .server, .lock, .condition:
            return [bar(.waiting, span.start, span.end, y, height: 8)] + (span.isFailure ? [cross(span, y)] : [])
        case .work:
            let colour: SVGColour = span.end == nil ? .running : span.isFailure ? .failed : .succeeded
            return [bar(colour, span.start, span.end, y, height: 14)] + (span.isFailure ? [cross(span, y)] : [])
        }
    }

    /// A bar that is wide enough to be seen.
    private func bar(
        _ colour: SVGColour,
        _ start: Duration,
        _ end: Duration?,
        _ y: Double,
        height: Double,
    ) -> SVGElement {
        let left = x(start)
        let width = max(2, x(end ?? timeline.end) - left)
        return SVGElement(
            "rect",
            [
                "class": colour.fill, "x": svgNumber(left), "y": svgNumber(y + (Self.rowHeight - height) / 2),
                "width": svgNumber(width), "height": svgNumber(height), "rx": "1",
            ]
        )
    }

    private func line(
        _ start: Duration,
        _ end: Duration?,
        _ y: Double,
        _ colour: SVGColour,
        isDashed: Bool = false,
    ) -> SVGElement {
        let middle = svgNumber(y + Self.rowHeight / 2)
        return SVGElement(
            "line",
            [
                "class": colour.stroke, "x1": svgNumber(x(start)), "x2": svgNumber(x(end ?? timeline.end)),
                "y1": middle, "y2": middle, "stroke-width": "2", "stroke-dasharray": isDashed ? "3 3" : "none",
            ]
        )
    }

    /// The mark of an attempt that has failed, which needs no colour to be seen.
    private func cross(_ span: TimelineSpan, _ y: Double) -> SVGElement {
        TimelineLegend.cross(x: x(span.end ?? timeline.end), y: y + Self.rowHeight / 2)
    }

    /// Lines between the tasks of the critical path, from the end of one to the start of the next.
    var connections: [SVGElement] {
        zip(timeline.criticalPath, timeline.criticalPath.dropFirst()).compactMap { from, to -> SVGElement? in
            guard let fromY = y(of: from), let toY = y(of: to), let start = timeline.task(to)?.started,
                let end = timeline.task(from)?.ended ?? timeline.units.first(where: { $0.name == from })?.active
            else { return nil }
            let middle = Self.rowHeight / 2
            let corner = "\(svgNumber(x(end))) \(svgNumber(fromY + middle))"
            let path = "M\(corner)V\(svgNumber(toY + middle))H\(svgNumber(x(start)))"
            let attributes: KeyValuePairs = [
                "class": SVGColour.accent.stroke, "d": path, "fill": "none", "stroke-width": "1.5",
            ]
            return SVGElement("path", attributes)
        }
    }
}
