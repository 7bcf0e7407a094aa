import YAML

/// Variables that are made of a text for every node of a list.
extension ClusterReader {
    /// The names of all lists of nodes.
    var listNames: [String] {
        ["cluster.nodes", "cluster.controlPlanes", "cluster.workers", "node.peers"]
            + knownRoles.map { "cluster.nodes.\($0)" }
    }

    /// Adds the names of the lists to what is known of variables, so that their uses as strings are explained.
    func addLists(_ values: inout [String: Variables.Value]) {
        for name in listNames {
            values[name] = .missing(
                message: "it is a list of nodes",
                hint: "write {each: \(name), text: TEXT} as the value of a variable, and use that here"
            )
        }
    }

    /// The value of a variable that is made of a text for every node of a list.
    ///
    /// - Parameters:
    ///   - name: The variable.
    ///   - node: What the file says of it.
    ///   - owner: The node that has the variable, `nil` for a role without nodes.
    ///   - roles: The roles of that node.
    /// - Returns: The value.
    func listedValue(_ name: String, _ node: Node, of owner: String?, _ roles: [String]) -> Variables.Value {
        guard let text = NodeText(name, node, problems) else { return .broken }
        guard inventory != nil else {
            return .missing(message: "it is known only when all nodes have been read", hint: "write the value itself")
        }
        guard let nodes = nodes(of: text, owner, roles) else { return .broken }
        var texts: [String] = []
        for node in nodes {
            let written = nodeTexts[name, node.name] ?? self.text(text, of: node)
            nodeTexts[name, node.name] = written
            guard case .scalar(let content) = written else { return .broken }
            texts.append(content.scalarText)
        }
        let value = texts.joined(separator: text.separator)
        guard value.utf8.count <= Limit.variableLength else {
            problems.add(text.location, "a variable becomes longer than \(Limit.variableLength / 1024) KiB")
            return .broken
        }
        return .scalar(.string(value))
    }

    /// The nodes of a list, or `nil` after reporting that there is no such list.
    private func nodes(of text: NodeText, _ owner: String?, _ roles: [String]) -> [Inventory.Entry]? {
        let inventory = inventory ?? Inventory()
        switch text.list {
        case "cluster.nodes": return inventory.entries
        case "cluster.controlPlanes": return inventory.nodes(of: "control-plane")
        case "cluster.workers": return inventory.nodes(of: "worker")
        case "node.peers": return roles.first.map { inventory.nodes(of: $0).filter { $0.name != owner } } ?? []
        case let name:
            if let role = knownRoles.first(where: { name == "cluster.nodes.\($0)" }) {
                return inventory.nodes(of: role)
            }
            problems.addMissing(
                text.location,
                "no list of nodes is named \(quoted(name))",
                hint: problems.hint(for: name, in: listNames, else: "expected one of \(few(listNames))")
            )
            return nil
        }
    }

    /// What is written for one node: the text with the variables as that node has them.
    private func text(_ text: NodeText, of node: Inventory.Entry) -> Variables.Value {
        var (definitions, values) = self.definitions(for: node.roles, name: node.name, valuesOf: node.name)
        if fixedAddress(of: node.name) == nil {
            definitions["node.address"] = nil
            values["node.address"] = .missing(
                message: "'nodes' does not have the address of node \(quoted(node.name))",
                hint: "write address: ADDRESS below \(typed(node.name)):"
            )
        }
        var resolver = VariableResolver(definitions, values: values, problems: problems) { name, _ in
            problems.add(
                text.text.location,
                "the text for each node of '\(text.list)' uses variable '\(name)', which is made of a list of nodes itself",
                hint: "write it without '${\(name)}'"
            )
            return .broken
        }
        let variables = resolver.resolve(Template(text.text.string ?? "")?.names ?? [])
        guard let written = variables.replaced(text.text, problems) else { return .broken }
        return .scalar(.string(written.content.scalarText))
    }
}

/// The texts of nodes that have been written already.
///
/// A class, so that all copies of a reader have the same: with many nodes each text is needed many times.
final class NodeTexts {
    private struct Key: Hashable {
        let variable: String
        let node: String
    }

    private var texts: [Key: Variables.Value] = [:]

    /// The text of a variable for a node.
    subscript(variable: String, node: String) -> Variables.Value? {
        get { texts[Key(variable: variable, node: node)] }
        set { texts[Key(variable: variable, node: node)] = newValue }
    }
}
