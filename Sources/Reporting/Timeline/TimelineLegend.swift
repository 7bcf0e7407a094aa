import Base

/// The legend of a timeline picture.
enum TimelineLegend {
    /// A shape with its meaning.
    enum Item: Hashable, CaseIterable {
        case before, wait, work, running, failure, pause, unit, critical

        /// The meaning in words, also used in the text form of the timeline.
        var words: String {
            switch self {
            case .before: "waits for a task or unit"
            case .wait: "waits for a server, lock or condition"
            case .work: "works"
            case .running: "works now"
            case .failure: "attempt failed"
            case .pause: "until the next attempt"
            case .unit: "unit starts, is active"
            case .critical: "critical path"
            }
        }
    }

    /// Returns the shapes that occur in a timeline.
    static func items(_ timeline: Timeline) -> [Item] {
        let spans = timeline.tasks.flatMap(\.spans)
        return Item.allCases.filter { item in
            switch item {
            case .before: spans.contains { $0.kind == .dependency || $0.kind == .unit }
            case .wait: spans.contains { [.server, .lock, .condition].contains($0.kind) }
            case .work: spans.contains { $0.kind == .work && $0.end != nil && !$0.isFailure }
            case .running: spans.contains { $0.kind == .work && $0.end == nil }
            case .failure: spans.contains(where: \.isFailure)
            case .pause: spans.contains { $0.kind == .pause }
            case .unit: !timeline.units.isEmpty
            case .critical: !timeline.criticalPath.isEmpty
            }
        }
    }

    /// The height of a line of the legend.
    static let lineHeight = 20.0

    /// The dash patterns of the line before the start of a task and of the line between two attempts.
    static let (beforeDashes, pauseDashes) = ("2 4", "6 3")

    private static let shapeWidth = 26.0
    private static let fontSize = 11.0

    /// Returns the width of an item: the shape, the words and the space after the words.
    private static func width(_ item: Item) -> Double {
        shapeWidth + 6 + svgProseWidth(item.words, size: fontSize) + 18
    }

    /// Divides shapes into lines of at most a given width.
    static func lines(_ items: [Item], within width: Double) -> [[Item]] {
        var lines: [[Item]] = []
        var used = width
        for item in items {
            if used + Self.width(item) > width {
                lines.append([])
                used = 0
            }
            lines[lines.count - 1].append(item)
            used += Self.width(item)
        }
        return lines
    }

    /// Draws shapes with their meanings.
    ///
    /// - Parameters:
    ///   - lines: The shapes.
    ///   - x: The left edge.
    ///   - y: The vertical centre of the first line.
    /// - Returns: The SVG elements.
    static func elements(_ lines: [[Item]], x: Double, y: Double) -> [SVGElement] {
        var elements: [SVGElement] = []
        for (index, line) in lines.enumerated() {
            let y = y + Double(index) * lineHeight
            var x = x
            for item in line {
                elements += shapes(item, x: x, y: y)
                let classes = "\(SVGColour.muted.fill) small"
                elements.append(.label(item.words, classes, x: x + shapeWidth + 6, y: y + 4))
                x += width(item)
            }
        }
        return elements
    }

    private static func shapes(_ item: Item, x: Double, y: Double) -> [SVGElement] {
        let end = x + shapeWidth
        return switch item {
        case .before: [.line(.inactive, x: x, to: end, y: y, dashes: beforeDashes)]
        case .wait: [.bar(.waiting, x: x, y: y, width: shapeWidth, height: 8)]
        case .work: [.bar(.succeeded, x: x, y: y, width: shapeWidth, height: 14)]
        case .running: [.bar(.running, x: x, y: y, width: shapeWidth, height: 14)]
        case .failure: [.bar(.failed, x: x, y: y, width: shapeWidth - 4, height: 14), cross(x: end - 4, y: y)]
        case .pause: [.line(.muted, x: x, to: end, y: y, dashes: pauseDashes)]
        case .unit:
            [.bar(.inactive, x: x, y: y, width: shapeWidth / 2, height: 8), .line(.inactive, x: x, to: end, y: y)]
        case .critical: [.line(.accent, x: x + 8, to: end, y: y), .dot(.accent, x: x + 4, y: y)]
        }
    }

    /// Draws the mark of a failed attempt.
    static func cross(x: Double, y: Double) -> SVGElement {
        func corner(_ sideways: Double, _ down: Double) -> String {
            "\(svgNumber(x + sideways)) \(svgNumber(y + down))"
        }
        let path = "M\(corner(-4, -4))L\(corner(4, 4))M\(corner(-4, 4))L\(corner(4, -4))"
        return SVGElement("path", ["class": SVGColour.text.stroke, "d": path, "fill": "none", "stroke-width": "2"])
    }
}
