import YAML

/// The section `variables`, and what is built in.
extension ClusterReader {
    /// The variables as a node with some roles has them.
    ///
    /// - Parameters:
    ///   - roles: The roles, none if they are not known.
    ///   - node: The node, by default this one.
    /// - Returns: The variables.
    func readVariables(for roles: [String], of node: String? = nil) -> Variables {
        readVariables(for: roles, name: node ?? facts.hostName, valuesOf: node ?? facts.hostName)
    }

    /// The variables with which the tasks of other roles are checked: those of one of their nodes, with the name of this
    /// one.
    func readVariables(for roles: [String], ofOther node: String?) -> Variables {
        readVariables(for: roles, name: facts.hostName, valuesOf: node)
    }

    private func readVariables(for roles: [String], name: String, valuesOf node: String?) -> Variables {
        let (definitions, values) = self.definitions(for: roles, name: name, valuesOf: node)
        var resolver = VariableResolver(definitions, values: values, problems: problems) {
            listedValue($0, $1, of: node, roles)
        }
        return resolver.resolve()
    }

    /// What is known of the variables before those are replaced that are used in others.
    func definitions(
        for roles: [String],
        name: String,
        valuesOf node: String?
    ) -> (definitions: [String: Node], values: [String: Variables.Value]) {
        var definitions: [String: Node] = [:]
        var values: [String: Variables.Value] = ["node.name": .scalar(.string(name))]
        let unknownRole = emptyCluster.unknownRole
        values["node.role"] =
            roles.first.map { .scalar(.string($0)) } ?? .missing(message: unknownRole.message, hint: unknownRole.hint)
        values["node.index"] = indexValue(of: node)
        addLists(&values)
        if files.variables.entries.count > Limit.variableCount {
            let location = files.variables.entries[Limit.variableCount].location
            problems.add(location, "the files declare more than \(Limit.variableCount) variables")
        }
        for entry in files.variables.entries.prefix(Limit.variableCount) {
            let isFound = NodeText.isMeant(by: entry.value) ? isVariableKey(entry) : isVariable(entry)
            if isFound { definitions[entry.key] = entry.value } else { values[entry.key] = .broken }
        }
        addOwnVariables(of: node, &definitions, &values)
        define("cluster.name", files.cluster["name"]?.value, &definitions, &values) {
            .missing(message: "the cluster has no name", hint: "write name: NAME below cluster:")
        }
        define("cluster.vip", files.cluster["vip"]?.value, &definitions, &values) {
            .missing(message: "the cluster has no virtual IP address", hint: "write vip: ADDRESS below cluster:")
        }
        define("node.address", fixedAddress(of: node), &definitions, &values) { addressValue(of: node) }
        define("cluster.server", serverNode(for: roles), &definitions, &values) {
            emptyCluster.missingServer(for: roles).map { .missing(message: $0.message, hint: $0.hint) } ?? .broken
        }
        return (definitions, values)
    }

    /// Adds the values that variables have on one node only.
    private func addOwnVariables(
        of node: String?,
        _ definitions: inout [String: Node],
        _ values: inout [String: Variables.Value],
    ) {
        let own = node.flatMap { nodeEntry(of: $0)?.value.mapping?[NodeKeys.variables.name]?.mapping?.entries } ?? []
        for entry in own.prefix(Limit.variableCount) {
            if isVariable(entry) {
                definitions[entry.key] = entry.value
                values[entry.key] = nil
            } else {
                definitions[entry.key] = nil
                values[entry.key] = .broken
            }
        }
        for name in nodeVariables where definitions[name] == nil && values[name] == nil {
            values[name] = missingValue(of: name, on: node)
        }
    }

    /// The position of a node among those of its role; there is nothing to say for a role without nodes.
    private func indexValue(of node: String?) -> Variables.Value {
        guard let node else { return .broken }
        guard let inventory else {
            return .missing(message: "it is known only when all nodes have been read", hint: "write the number itself")
        }
        if let index = inventory.index(of: node) { return .scalar(Node.number(index).content) }
        // A node with mistakes is not in the inventory.
        guard files.nodes[node] == nil else { return .broken }
        let hint = "write \(typed(node)): {role: ROLE} below nodes:"
        return .missing(message: "'nodes' does not list node \(quoted(node)) by name", hint: hint)
    }

    /// Why a variable that other nodes have has no value; there is nothing to say for a role without nodes.
    private func missingValue(of variable: String, on node: String?) -> Variables.Value {
        guard let node else { return .broken }
        return .missing(
            message: "it is a variable of other nodes, not of \(quoted(node))",
            hint: "write \(variable): VALUE below variables: of this node, or of all nodes"
        )
    }

    private func define(
        _ name: String,
        _ node: Node?,
        _ definitions: inout [String: Node],
        _ values: inout [String: Variables.Value],
        else missing: () -> Variables.Value,
    ) {
        if let node, node.string != nil {
            definitions[name] = node
        } else {
            // A value that is not a string is reported where the cluster is read.
            values[name] = node == nil ? missing() : .broken
        }
    }

    /// Returns whether a variable can have a name, and reports why not.
    private func isVariableKey(_ entry: Mapping.Entry) -> Bool {
        guard isVariableName(entry.key) else {
            problems.add(
                entry.location,
                "\(quoted(entry.key)) cannot be the name of a variable",
                hint: "write a letter, then letters, digits, '_', '-' or '.'",
            )
            return false
        }
        guard !entry.key.hasPrefix("node."), !entry.key.hasPrefix("cluster.") else {
            let name = entry.key.replacingDots
            problems.add(entry.location, "names such as '\(entry.key)' are built in", hint: "write \(name):")
            return false
        }
        return true
    }

    /// Returns whether the definition of a variable that is a scalar can be used, and reports why not.
    func isVariable(_ entry: Mapping.Entry) -> Bool {
        guard isVariableKey(entry) else { return false }
        switch entry.value.content {
        case .string, .number, .boolean: return true
        case .null, .sequence, .mapping:
            let item = ConfigValue(
                node: entry.value,
                key: entry.key,
                label: "variable '\(entry.key)'",
                problems: problems
            )
            item.reportTypeMismatch(
                "a string, a number or a boolean",
                hint: entry.value.isNull ? item.write("\"\"", asIs: true) : nil
            )
            return false
        }
    }
}

extension String {
    /// The string with underscores for dots.
    fileprivate var replacingDots: String { String(map { $0 == "." ? "_" : $0 }) }
}
