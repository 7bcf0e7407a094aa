import YAML

/// The plans of all nodes.
extension AllNodes {
    /// Draws the plan of every node below its name and roles.
    ///
    /// - Parameters:
    ///   - columns: The width of the terminal, or `nil` for lines of any length.
    ///   - isUTF8: Whether descriptions may have characters that are not ASCII.
    /// - Returns: The lines, each with its end.
    public func renderText(columns: Int? = nil, isUTF8: Bool = true) -> String {
        let plans = nodes.map { node in
            "\(node.title)\n\(node.declarations.plan.renderText(columns: columns, isUTF8: isUTF8))"
        }
        return plans.joined(separator: "\n")
    }

    /// Writes the plans in the language of Graphviz, each in a box.
    public func renderDOT() -> String {
        var text = "digraph plans {\n  rankdir=LR;\n  node [shape=box];\n"
        for (index, node) in nodes.enumerated() {
            text += "  subgraph cluster_\(index) {\n    label=\"\(node.title)\";\n"
            text += node.declarations.plan.dotLines(prefix: "\(node.entry.name)/").map { "    \($0)\n" }.joined()
            text += "  }\n"
        }
        return text + "}\n"
    }

    /// Writes the plans in the language of Mermaid, each in a box.
    public func renderMermaid() -> String {
        var text = "flowchart LR\n"
        for (index, node) in nodes.enumerated() {
            text += "  subgraph n\(index)[\"\(node.title)\"]\n"
            text += node.declarations.plan.mermaidLines(prefix: "n\(index)t").map { "    \($0)\n" }.joined()
            text += "  end\n"
        }
        return text
    }

    /// Draws the plans as one picture, each in a frame below the one before.
    public func renderSVG() -> String {
        let sections = nodes.map { node in
            PlanDocument.Section(
                heading: node.title,
                picture: PlanPicture(node.declarations.plan, states: [:])
            )
        }
        return PlanDocument("Plans of all nodes", sections, isFramed: true).markup
    }

    /// Writes the plans as one JSON object in one line.
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
