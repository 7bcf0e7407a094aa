import Drawing

/// The box of a task in a picture: its name, its verb and, where states are shown, its state.
struct TaskBox: Sendable, Hashable {
    /// The name in lines of at most ``lineLength`` characters.
    let nameLines: [String]

    private let verb: String
    private let state: DrawnState?
    private let hasStates: Bool

    /// The maximum length of a line of the name, in characters.
    static let lineLength = 26

    private static let (margin, barWidth) = (12.0, 4.0)
    private static let (nameHeight, verbHeight) = (17.0, 15.0)
    private static let smallSize = 11.0

    /// Creates a box.
    ///
    /// - Parameters:
    ///   - task: The task.
    ///   - state: The state of the task, if known.
    ///   - hasStates: Whether any box of the picture has a state.
    init(_ task: PlannedTask, _ state: DrawnState?, hasStates: Bool) {
        nameLines = Self.lines(of: task.name)
        verb = task.verb.name
        (self.state, self.hasStates) = (state, hasStates)
    }

    /// The size of the box, which depends on the texts.
    var size: GraphLayout.Size {
        let names = nameLines.map { svgTextWidth($0) }
        let words = [verb] + (state.map { [$0.word] } ?? [])
        let below = words.reduce(Double(words.count - 1) * 14) { $0 + svgTextWidth($1, size: Self.smallSize) }
        return GraphLayout.Size(
            width: (max(names.max() ?? 0, below) + start + Self.margin).rounded(.up),
            height: Double(nameLines.count) * Self.nameHeight + Self.verbHeight + 14,
        )
    }

    /// The horizontal offset of the texts in the box.
    private var start: Double { hasStates ? Self.margin + Self.barWidth + 2 : Self.margin }

    /// Returns the box as an element of a picture.
    ///
    /// - Parameters:
    ///   - frame: The position and size of the box.
    ///   - tooltip: The text that is shown while the pointer is over the box.
    /// - Returns: The element.
    func element(_ frame: GraphLayout.Frame, tooltip: String) -> SVGElement {
        var parts = [
            SVGElement("title", text: tooltip),
            SVGElement("rect", rectangle(frame)),
        ]
        if let state {
            let bar: KeyValuePairs = [
                "class": state.tone.colour.fill, "x": svgNumber(frame.x + 5), "y": svgNumber(frame.y + 6),
                "width": svgNumber(Self.barWidth), "height": svgNumber(frame.height - 12), "rx": "2",
            ]
            parts.append(SVGElement("rect", bar))
        }
        var y = frame.y + 7 + SVGDocument.fontSize
        for line in nameLines {
            parts.append(.label(line, "code \(SVGColour.text.fill)", x: frame.x + start, y: y))
            y += Self.nameHeight
        }
        parts.append(.label(verb, "small \(SVGColour.muted.fill)", x: frame.x + start, y: y))
        if let state {
            let x = frame.x + frame.width - Self.margin
            parts.append(.label(state.word, "small end strong \(SVGColour.text.fill)", x: x, y: y))
        }
        return SVGElement("g", [:], parts)
    }

    private func rectangle(_ frame: GraphLayout.Frame) -> KeyValuePairs<String, String> {
        [
            "class": "\(SVGColour.panel.fill) \((state?.tone.colour ?? .line).stroke)",
            "x": svgNumber(frame.x), "y": svgNumber(frame.y),
            "width": svgNumber(frame.width), "height": svgNumber(frame.height), "rx": "6",
        ]
    }

    /// Splits a name into lines, if possible after a character that is neither a letter nor a digit.
    private static func lines(of name: String) -> [String] {
        var lines: [String] = []
        var rest = name[...]
        while rest.count > lineLength {
            let line = rest.prefix(lineLength)
            let end = line.lastIndex { !$0.isLetter && !$0.isNumber }.map(line.index(after:)) ?? line.endIndex
            lines.append(String(rest[..<end]))
            rest = rest[end...]
        }
        return lines + [String(rest)]
    }
}
