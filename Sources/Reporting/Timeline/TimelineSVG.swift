import Base
import Planning
import State

/// Draws a timeline as a picture that every browser shows.
///
/// - Parameters:
///   - timeline: The timeline.
///   - node: The name of the node, for the title.
/// - Returns: The picture as SVG, without scripts and files of its own.
public func timelineSVG(_ timeline: Timeline, node: String) -> String {
    TimelinePicture(timeline, node: node).document.markup
}

/// A timeline as a picture: names on the left, bars in the middle, what took long on the right.
struct TimelinePicture {
    let timeline: Timeline
    private let node: String
    private let width: Double
    let axis: TimeAxis

    /// The left edge of the bars.
    let barsX: Double
    /// The upper edge of the first row.
    let chartY: Double
    /// The base line of the first text below the rows.
    private let notesY: Double
    /// The shapes that are explained, in lines.
    private let legend: [[TimelineLegend.Item]]

    static let margin = 20.0
    static let barsWidth = 640.0
    static let rowHeight = 22.0
    static let resultWidth = 64.0
    static let detailWidth = 340.0
    static let nameLimit = 250.0
    private static let lineHeight = 18.0

    init(_ timeline: Timeline, node: String) {
        self.timeline = timeline
        self.node = printable(node)
        axis = TimeAxis(end: timeline.end, count: 8)
        let names = timeline.tasks.map(\.name) + timeline.units.map(\.name)
        let nameWidth = names.map { svgTextWidth($0) }.max() ?? 0
        barsX = Self.margin + min(Self.nameLimit, nameWidth) + 24
        let resultsX = barsX + Self.barsWidth + 12
        width = resultsX + Self.resultWidth + Self.detailWidth + Self.margin
        legend = TimelineLegend.lines(TimelineLegend.items(timeline), within: width - 2 * Self.margin)
        // The title, two lines below it, the legend and the times.
        chartY = Self.margin + 22 + 2 * Self.lineHeight + Double(legend.count) * TimelineLegend.lineHeight + 32
        let groups = [timeline.units.count, timeline.tasks.count].filter { $0 > 0 }
        let rowCount = groups.reduce(0, +) + groups.count
        notesY = chartY + Double(rowCount) * Self.rowHeight + 34
    }

    private var title: String { node.isEmpty ? "Timeline of a boot" : "Timeline of the boot of \(node)" }

    var document: SVGDocument {
        let sentences = [criticalText].compactMap(\.self) + timeline.notes.map { printable("Note: \($0)") }
        let columns = Int((width - 2 * Self.margin) / svgTextWidth("x"))
        let lines = sentences.flatMap { $0.wrapped(to: columns) }
        let height = notesY + Double(lines.count) * Self.lineHeight + Self.margin - 10
        let texts = lines.enumerated().map { index, line in
            text(line, x: Self.margin, y: notesY + Double(index) * Self.lineHeight, within: width - 2 * Self.margin)
        }
        return SVGDocument(
            width: width,
            height: height,
            title: title,
            description: ([timeline.summary, timeline.originWords] + sentences).joined(separator: ". "),
            content: header + [grid] + rows + connections + texts,
        )
    }

    // MARK: Texts

    func text(
        _ words: String,
        x: Double,
        y: Double,
        within width: Double,
        _ classes: String = SVGColour.text.fill,
    ) -> SVGElement {
        let attributes: KeyValuePairs = ["class": classes, "x": svgNumber(x), "y": svgNumber(y)]
        return SVGElement("text", attributes, text: svgText(words, within: width))
    }

    private var header: [SVGElement] {
        let (x, space) = (Self.margin, width - 2 * Self.margin)
        let top = Self.margin + 12
        let lines = [
            text(title, x: x, y: top, within: space, "\(SVGColour.text.fill) strong"),
            text(timeline.summary, x: x, y: top + 22, within: space),
            text(timeline.originWords, x: x, y: top + 22 + Self.lineHeight, within: space, SVGColour.muted.fill),
        ]
        return lines + TimelineLegend.elements(legend, x: x, y: top + 22 + 2 * Self.lineHeight + 8)
    }

    /// The critical path in one line.
    private var criticalText: String? {
        guard let end = timeline.criticalEnd else { return nil }
        let names = timeline.criticalPath.map { name in
            guard let took = timeline.task(name)?.took(until: timeline.end) else { return printable(name) }
            return "\(printable(name)) (\(took.humanReadable))"
        }
        let goesOn = timeline.goesOn ? " so far" : ""
        return "Critical path\(goesOn), \(end.humanReadable): \(names.joined(separator: " → "))"
    }

    // MARK: The grid

    func x(_ time: Duration) -> Double { barsX + axis.place(of: time) * Self.barsWidth }

    /// Lines at round times.
    private var grid: SVGElement {
        let bottom = notesY - 34
        // A long picture has the times at its end too.
        let places = timeline.tasks.count > 30 ? [chartY - 8, bottom + 14] : [chartY - 8]
        let marks = axis.marks.flatMap { time in
            let place = svgNumber(x(time))
            let line = SVGElement(
                "line",
                [
                    "class": SVGColour.line.stroke, "x1": place, "x2": place, "y1": svgNumber(chartY),
                    "y2": svgNumber(bottom),
                ]
            )
            return [line]
                + places.map { y in
                    let classes = "\(SVGColour.muted.fill) small middle"
                    return SVGElement("text", ["class": classes, "x": place, "y": svgNumber(y)], text: time.text)
                }
        }
        return SVGElement("g", [:], marks)
    }
}
