import YAML

/// The section `variables`, and what is built in.
extension ClusterReader {
    /// The variables as nodes of a role have them.
    func readVariables(for role: String?) -> Variables {
        var definitions: [String: Node] = [:]
        var values: [String: Variables.Value] = ["node.name": .scalar(.string(facts.hostName))]
        let unknownRole = emptyCluster.unknownRole
        values["node.role"] =
            role.map { .scalar(.string($0)) } ?? .missing(message: unknownRole.message, hint: unknownRole.hint)
        if files.variables.entries.count > Limit.variableCount {
            let location = files.variables.entries[Limit.variableCount].location
            problems.add(location, "the files declare more than \(Limit.variableCount) variables")
        }
        for entry in files.variables.entries.prefix(Limit.variableCount) {
            if isVariable(entry) { definitions[entry.key] = entry.value } else { values[entry.key] = .broken }
        }
        define("cluster.name", files.cluster["name"]?.value, &definitions, &values) {
            .missing(message: "the cluster has no name", hint: "write name: NAME below cluster:")
        }
        define("cluster.server", serverNode(for: role), &definitions, &values) {
            emptyCluster.missingServer(for: role).map { .missing(message: $0.message, hint: $0.hint) } ?? .broken
        }
        var resolver = VariableResolver(definitions, values: values, problems: problems)
        return resolver.resolve()
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

    /// Returns whether the definition of a variable can be used, and reports why not.
    private func isVariable(_ entry: Mapping.Entry) -> Bool {
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
