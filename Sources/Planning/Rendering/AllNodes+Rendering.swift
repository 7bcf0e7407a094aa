import Drawing
import YAML

/// The plans of all nodes.
extension AllNodes {
    /// Draws the plan of every node below its name and roles.
    ///
    /// - Parameters:
    ///   - columns: The width of the terminal, or `nil` for lines of any length.
    ///   - isUTF8: Whether descriptions may contain characters that are not ASCII.
    /// - Returns: The lines, each with a line break.
    public func renderText(columns: Int? = nil, isUTF8: Bool = true) -> String {
        let plans = nodes.map { node in
            "\(node.title)\n\(node.declarations.plan.renderText(columns: columns, isUTF8: isUTF8))"
        }
        return plans.joined(separator: "\n")
    }

    /// Returns the plans in the DOT language of Graphviz, each in a box.
    public func renderDOT() -> String {
        var text = "digraph plans {\n  rankdir=LR;\n  node [shape=box];\n"
        for (index, node) in nodes.enumerated() {
            text += "  subgraph cluster_\(index) {\n    label=\"\(node.title)\";\n"
            text += node.declarations.plan.dotLines(prefix: "\(node.entry.name)/").map { "    \($0)\n" }.joined()
            text += "  }\n"
        }
        return text + "}\n"
    }

    /// Returns the plans in the language of Mermaid, each in a box.
    public func renderMermaid() -> String {
        var text = "flowchart LR\n"
        for (index, node) in nodes.enumerated() {
            text += "  subgraph n\(index)[\"\(node.title)\"]\n"
            text += node.declarations.plan.mermaidLines(prefix: "n\(index)t").map { "    \($0)\n" }.joined()
            text += "  end\n"
        }
        return text
    }

    /// Draws the plans below each other in one SVG picture, each in a frame.
    public func renderSVG() -> String {
        let sections = nodes.map { node in
            PlanDocument.Section(
                heading: node.title,
                picture: PlanPicture(node.declarations.plan, states: [:])
            )
        }
        return PlanDocument("Plans of all nodes", sections, isFramed: true).markup
    }

    /// Returns the plans as one JSON object on one line.
    public func renderJSON() -> String {
        let nodes = nodes.map { node in
            var pairs: [(String, Node)] = [("node", .string(node.entry.name)), ("hostName", .string(node.hostName))]
            if let address = node.entry.address { pairs.append(("address", .string("\(address)"))) }
            return Node.mapping(pairs + node.declarations.plan.fields())
        }
        let object = Node.mapping([Node.outputVersion, ("nodes", .sequence(nodes))])
        return String(decoding: object.json(), as: UTF8.self) + "\n"
    }
}

/// A picture of one or more plans below each other, each with a heading.
struct PlanDocument {
    /// One plan with its heading.
    struct Section {
        var heading: String
        /// The boxes and arrows.
        var picture: PlanPicture
    }

    private let title: String
    private let sections: [Section]
    private let isFramed: Bool

    /// The space around the picture and between its sections.
    private static let margin = 24.0

    /// The height of a section's heading and of the summary below the heading.
    private static let headingHeight = 54.0

    /// The maximum number of tasks per plan in the description for screen readers.
    private static let sentenceLimit = 200

    /// Creates a picture.
    ///
    /// - Parameters:
    ///   - title: The title of the picture.
    ///   - sections: The plans.
    ///   - isFramed: Whether every plan has a frame.
    init(_ title: String, _ sections: [Section], isFramed: Bool) {
        (self.title, self.sections, self.isFramed) = (title, sections, isFramed)
    }

    /// The picture as XML.
    var markup: String {
        let padding = isFramed ? 16.0 : 0
        let notes = notes
        let inner = (sections.map(\.width) + notes.map { svgTextWidth($0, size: 11) }).max() ?? 0
        let x = Self.margin + padding
        var content: [SVGElement] = []
        var y = Self.margin
        for section in sections {
            let size = section.picture.size
            let height = Self.headingHeight + size.height + 2 * padding
            if isFramed {
                let frame: KeyValuePairs = [
                    "class": "\(SVGColour.page.fill) \(SVGColour.line.stroke)",
                    "x": svgNumber(Self.margin), "y": svgNumber(y),
                    "width": svgNumber(inner + 2 * padding), "height": svgNumber(height), "rx": "8",
                ]
                content.append(SVGElement("rect", frame))
            }
            let top = y + padding
            content.append(.label(section.heading, "strong \(SVGColour.text.fill)", x: x, y: top + 12))
            content.append(.label(section.picture.summary, SVGColour.muted.fill, x: x, y: top + 32))
            if size.height > 0 { content.append(section.picture.element(x: x, y: top + Self.headingHeight)) }
            y += height + Self.margin
        }
        for note in notes {
            content.append(.label(note, "small \(SVGColour.muted.fill)", x: Self.margin, y: y + 4))
            y += 18
        }
        return SVGDocument(
            width: (inner + 2 * x).rounded(.up),
            height: (notes.isEmpty ? y : y + 6).rounded(.up),
            title: title,
            description: description,
            content: content,
        ).markup
    }

    /// The notes below the picture, each on one line.
    private var notes: [String] {
        guard sections.contains(where: \.picture.hasArrows) else { return [] }
        let arrows = "An arrow leads from a task to one that runs after it."
        let count = sections.reduce(0) { $0 + $1.picture.omittedCount }
        guard count > 0 else { return [arrows] }
        let omitted =
            count == 1
            ? "1 dependency that follows from others has no arrow."
            : "\(count) dependencies that follow from others have no arrow."
        return [arrows, omitted]
    }

    /// A description of all boxes and arrows in words.
    private var description: String {
        let plans = sections.map { section in
            let tasks = section.picture.sentences(limit: Self.sentenceLimit).map { " \($0)" }.joined()
            return "\(section.heading). \(section.picture.summary).\(tasks)"
        }
        return plans.joined(separator: "\n")
    }
}

extension PlanDocument.Section {
    /// The width of the plan or its heading, whichever is larger.
    fileprivate var width: Double {
        max(picture.size.width, svgTextWidth(heading), svgTextWidth(picture.summary))
    }
}
