import Base
import State

/// Draws a timeline as an SVG picture.
///
/// - Parameters:
///   - timeline: The timeline.
///   - node: The name of the node for the title; empty if the name is not known.
/// - Returns: The picture as SVG, without scripts and external files.
public func timelineSVG(_ timeline: Timeline, node: String) -> String {
    TimelinePicture(timeline, node: node).document.markup
}

/// A timeline as a picture: names on the left, bars in the middle, results and details on the right.
struct TimelinePicture {
    let timeline: Timeline
    private let node: String
    private let width: Double
    let axis: TimeAxis

    /// The left edges of the bars, the results and the captions.
    let barsX, resultsX, captionsX: Double
    /// The upper edge of the first row.
    let chartY: Double
    /// The baseline of the first text below the rows.
    private let notesY: Double
    /// The shapes in the legend, divided into lines.
    private let legend: [[TimelineLegend.Item]]
    /// The two sentences above the legend, wrapped to lines.
    private let summary, origin: [String]
    /// The number of characters per line.
    private let columns: Int

    static let margin = 20.0
    static let barsWidth = 640.0
    static let rowHeight = 22.0
    /// The allowed widths of the name column; the headings need the minimum.
    private static let nameWidths = 110.0...250
    private static let lineHeight = 18.0

    init(_ timeline: Timeline, node: String) {
        self.timeline = timeline
        self.node = printable(node)
        axis = TimeAxis(end: timeline.end, count: 8)
        let names = timeline.tasks.map(\.name) + timeline.units.map(\.name)
        let nameWidth = names.map { svgTextWidth($0) }.reduce(Self.nameWidths.lowerBound) { max($0, $1) }
        barsX = Self.margin + min(nameWidth, Self.nameWidths.upperBound).rounded(.up) + 24
        resultsX = barsX + Self.barsWidth + 12
        let results = timeline.tasks.map { $0.result(until: timeline.end) } + timeline.units.map(\.result)
        let resultWidth = results.map { svgTextWidth($0) }.max() ?? 0
        captionsX = resultsX + resultWidth.rounded(.up) + 16
        let captions = timeline.tasks.map { $0.caption(until: timeline.end) } + timeline.units.map(\.caption)
        let captionWidth = captions.map { svgProseWidth($0, size: 11) }.max() ?? 0
        width = captionsX + captionWidth.rounded(.up) + Self.margin
        let space = width - 2 * Self.margin
        columns = Int(space / svgTextWidth("x"))
        summary = timeline.summary.wrapped(to: columns)
        origin = Self.sentence(timeline.originWords).wrapped(to: columns)
        legend = TimelineLegend.lines(TimelineLegend.items(timeline), within: space)
        // The space above the rows holds the title, the sentences, the legend and the times.
        let lineCount = summary.count + origin.count
        chartY =
            Self.margin + 22 + Double(lineCount) * Self.lineHeight
            + Double(legend.count) * TimelineLegend.lineHeight + 32
        let groups = [timeline.units.count, timeline.tasks.count].filter { $0 > 0 }
        let rowCount = groups.reduce(0, +) + groups.count
        notesY = chartY + Double(rowCount) * Self.rowHeight + 34
    }

    private var title: String {
        let subject = timeline.origin == .boot ? "the boot" : "the tasks"
        return "Timeline of \(subject)" + (node.isEmpty ? "" : " of \(node)")
    }

    var document: SVGDocument {
        let sentences = [criticalText].compactMap(\.self) + timeline.notes.map { printable("Note: \($0)") }
        let lines = sentences.flatMap { $0.wrapped(to: columns) }
        let height = notesY + Double(lines.count) * Self.lineHeight + Self.margin - 10
        let texts = self.lines(lines, y: notesY, SVGColour.text.fill)
        return SVGDocument(
            width: width,
            height: height,
            title: title,
            description: ([timeline.summary, Self.sentence(timeline.originWords)] + sentences).joined(separator: ". "),
            content: header + [grid] + rows + connections + texts,
        )
    }

    // MARK: Texts

    /// Returns labels for lines of text, one below the other.
    private func lines(_ lines: [String], y: Double, _ classes: String) -> [SVGElement] {
        lines.enumerated().map { index, line in
            .label(line, classes, x: Self.margin, y: y + Double(index) * Self.lineHeight)
        }
    }

    private var header: [SVGElement] {
        let top = Self.margin + 12
        let originY = top + 22 + Double(summary.count) * Self.lineHeight
        let legendY = originY + Double(origin.count) * Self.lineHeight + 8
        return [SVGElement.label(title, "\(SVGColour.text.fill) strong", x: Self.margin, y: top)]
            + lines(summary, y: top + 22, SVGColour.text.fill)
            + lines(origin, y: originY, SVGColour.muted.fill)
            + TimelineLegend.elements(legend, x: Self.margin, y: legendY)
    }

    /// Returns words with a capital first letter.
    private static func sentence(_ words: String) -> String { words.prefix(1).uppercased() + words.dropFirst() }

    /// The critical path in one line.
    private var criticalText: String? {
        guard let end = timeline.criticalEnd else { return nil }
        let tasks = timeline.tasks.filter(\.isCritical).map { ($0.name, $0.took(until: timeline.end)) }
        let times = Dictionary(tasks, uniquingKeysWith: { first, _ in first })
        let names = timeline.criticalPath.map { name in
            guard let took = times[name] ?? nil else { return printable(name) }
            return "\(printable(name)) (\(took.humanReadable))"
        }
        let limit = timeline.isOngoing ? " so far" : ""
        return "Critical path\(limit), \(end.humanReadable): \(names.joined(separator: " → "))"
    }

    // MARK: The grid

    func x(_ time: Duration) -> Double { barsX + axis.place(of: time) * Self.barsWidth }

    /// The vertical lines at round times, with their labels.
    private var grid: SVGElement {
        let bottom = notesY - 34
        // The labels of a tall picture are repeated at its bottom.
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
            let classes = "\(SVGColour.muted.fill) small middle"
            return [line] + places.map { SVGElement.label(time.text, classes, x: x(time), y: $0) }
        }
        return SVGElement("g", [:], marks)
    }
}
