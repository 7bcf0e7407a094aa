import Base

/// Draws a timeline as an SVG picture without scripts or external files.
///
/// The font is monospaced, so that the width of a text is known. `node` is empty if the name of the node is not known.
public func timelineSVG(_ timeline: Timeline, node: String) -> String {
    let (margin, column, lineHeight, barsWidth) = (20, 8, 20, 640)
    let rows = timeline.rows
    let names = rows.map { printable($0.name).truncated(to: 40) }
    let labels = rows.map { printable(([$0.result] + $0.details).joined(separator: "; ")).truncated(to: 90) }
    let barsX = margin + column * (2 + (names.map(\.columnCount).max() ?? 0))
    let labelsX = barsX + barsWidth + 2 * column
    let width = labelsX + column * max(40, labels.map(\.columnCount).max() ?? 0) + margin

    var (content, y) = ("", margin)
    func write(_ text: String, _ style: String = "", x: Int = margin) {
        let style = style.isEmpty ? "" : "class=\"\(style)\" "
        content += "<text \(style)x=\"\(x)\" y=\"\(y + 14)\">\(escaped(text))</text>\n"
    }
    func writeLines(_ texts: [String]) {
        for line in texts.flatMap({ printable($0).wrapped(to: (width - 2 * margin) / column) }) {
            write(line)
            y += lineHeight
        }
    }
    func x(_ time: Duration) -> Int { barsX + Int(timeline.place(of: time) * Double(barsWidth)) }
    func draw(_ mark: TimelineRow.Mark, from x: Int, width: Int) {
        content += "<rect class=\"\(mark)\" x=\"\(x)\" y=\"\(y + (lineHeight - mark.form.height) / 2)\" "
        content += "width=\"\(width)\" height=\"\(mark.form.height)\"/>\n"
    }

    let title = node.isEmpty ? "Timeline of the tasks" : "Timeline of \(printable(node))"
    write(title, "critical")
    y += lineHeight
    writeLines([timeline.summary, timeline.originWords])
    for mark in TimelineRow.Mark.allCases.reversed() {
        draw(mark, from: margin, width: 24)
        write(mark.form.meaning, x: margin + 32)
        y += lineHeight
    }
    for time in timeline.axisMarks(intervals: 8) {
        write(time.text, x: x(time))
        let bottom = y + lineHeight * (rows.count + 1)
        content += "<path class=\"axis\" d=\"M\(x(time)) \(y + lineHeight)V\(bottom)\"/>\n"
    }
    y += lineHeight
    for (index, row) in rows.enumerated() {
        write(names[index], row.isCritical ? "critical" : "")
        for bar in row.bars {
            draw(bar.mark, from: x(bar.start), width: max(3, x(bar.end ?? timeline.end) - x(bar.start)))
        }
        write(labels[index], row.tone == .failed ? "failure" : "", x: labelsX)
        y += lineHeight
    }
    y += lineHeight
    writeLines([timeline.criticalWords].compactMap(\.self) + timeline.notes)
    return """
        <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" height="\(y + margin)" role="img">
        <title>\(escaped(title))</title>
        <style>\(styleSheet)</style>
        <rect width="100%" height="100%" fill="#ffffff"/>
        \(content)</svg>

        """
}

private let styleSheet = """
    text{font:13px monospace;fill:#1f2328}text.critical{font-weight:bold}.failure,text.failure{fill:#d1242f}
    .work{fill:#1a7f37}.wait{fill:#bf8700}.idle{fill:#818b98}.axis{stroke:#d1d9e0}
    """

/// Escapes a text for an element; control characters are already escaped by ``Base/printable(_:)``.
private func escaped(_ text: String) -> String {
    text.unicodeScalars.map { scalar in
        switch scalar {
        case "&": "&amp;"
        case "<": "&lt;"
        case ">": "&gt;"
        default: String(scalar)
        }
    }.joined()
}
