import Base

extension ClusterReader {
    private struct WrittenNode {
        var roles: [ConfigValue]?
        var variables: ConfigValue?
        var address: IPAddress?
    }

    private static let roleKeys = ["role", "roles"]

    private static let nodeKeys: [Key<WrittenNode>] = [
        Key("role", \.roles, ValueReader(type: .name("role")) { [$0] }, oneOf: roleKeys)
            .meaning("the node's only role"),
        Key("roles", \.roles, .roles, oneOf: roleKeys).meaning("the node's roles; the first is `${node.role}`"),
        Key("variables", \.variables, .value(of: .dictionary(.variable)), default: "none")
            .meaning("variables that have other values on this node, or values on it only"),
        Key("address", \.address, .declaredAddress, default: "`cluster.nodeAddress`")
            .meaning("the address of this node, or how it is chosen"),
    ]

    static let nodeDescriptions = nodeKeys.map(\.description)

    /// Reads section `nodes`; entries without a valid role are missing from the result.
    func readNodes(_ variables: Variables) -> Inventory {
        let named = namedRoles
        let entries = files.nodes.entries.compactMap { readNode($0, variables, named) }
        let nodes = entries.filter { !Inventory.isPattern($0.name) }
        reportRepeatedAddresses(nodes)
        return Inventory(nodes, patterns: entries.filter { Inventory.isPattern($0.name) })
    }

    /// Returns the entry with a host's name, or else that of the longest matching pattern, or `nil` if there is none.
    func nodeEntry(of host: String) -> Mapping.Entry? {
        files.nodes[host] ?? patterns.first { isName(host, like: $0.key) }
    }

    private func readNode(_ entry: Mapping.Entry, _ variables: Variables, _ named: Set<String>) -> Inventory.Entry? {
        checkHostName(entry)
        let value = ConfigValue(
            node: entry.value,
            keyLocation: entry.location,
            subject: ValueName(path: ["nodes", entry.key]),
            variables: variables,
            problems: problems
        )
        let hint = entry.value.string.map { "write {role: \(typed($0))}" }
        guard let fields = value.mapping("a mapping", hint: hint) else { return nil }
        fields.requireOne(of: Self.roleKeys, example: "role: worker")
        var written = WrittenNode()
        _ = fields.read(Self.nodeKeys, into: &written)
        let roles = readRoles(written.roles, of: entry.key, named)
        for variable in written.variables?.mapping("a mapping of names to values")?.entries ?? [] {
            _ = isVariable(variable)
        }
        guard !roles.isEmpty else { return nil }
        var node = Inventory.Entry(name: entry.key, roles: roles, location: entry.location)
        node.address = written.address
        if node.address != nil, Inventory.isPattern(entry.key) {
            fields.report(
                "address",
                "is one address, and the pattern is for several nodes",
                hint: "write {range: ADDRESS/BITS}, or list the nodes by name"
            )
        }
        return node
    }

    /// Reports a name that no host can have, or a pattern that cannot match any host.
    private func checkHostName(_ entry: Mapping.Entry) {
        guard !SubjectName.isHostName(entry.key.replacing("*", with: "x")) else { return }
        let what = Inventory.isPattern(entry.key) ? "a pattern of host names" : "the name of a host"
        let hint = "write letters, digits, '-' and '.', as 'hostname' prints the name on the node"
        problems.add(entry.location, "\(quoted(entry.key)) cannot be \(what)", hint: hint)
    }

    private func readRoles(_ written: [ConfigValue]?, of node: String, _ named: Set<String>) -> [String] {
        let roles = (written ?? []).compactMap { item in
            ValueReader.role.read(item).map { role in
                reportLikelySlip(role, of: node, item.node.location, named)
                return role
            }
        }
        return roles.unique()
    }

    /// The roles that tasks and `servers` name, and the built-in roles.
    private var namedRoles: Set<String> {
        let tasks = files.tasks.entries.flatMap { $0.value.mapping?["roles"]?.sequence?.compactMap(\.string) ?? [] }
        return Set(tasks).union(serverRoles).union(["control-plane", "worker"])
    }

    /// Reports a role that is not in `named` if its name is similar to one in `named`.
    private func reportLikelySlip(
        _ role: String,
        of node: String,
        _ location: SourceLocation,
        _ named: Set<String>,
    ) {
        guard !named.contains(role), let near = problems.nearName(to: role, in: named.sorted()) else { return }
        let message = "role \(quoted(role)) of node \(quoted(node)) is used by no task and no server"
        problems.add(location, message, hint: "did you mean '\(near)'?")
    }

    private func reportRepeatedAddresses(_ entries: [Inventory.Entry]) {
        var owners: [IPAddress: Inventory.Entry] = [:]
        for entry in entries {
            guard let address = entry.address else { continue }
            if let owner = owners[address] {
                problems.add(
                    addressLocation(of: entry),
                    "address \(address) of node \(quoted(entry.name)) is that of node \(quoted(owner.name)) at "
                        + "\(addressLocation(of: owner)) as well",
                    hint: "write another address"
                )
            } else {
                owners[address] = entry
            }
        }
    }

    private func addressLocation(of entry: Inventory.Entry) -> SourceLocation {
        addressNode(of: entry.name)?.location ?? entry.location
    }

    /// The roles that tasks may name: those of nodes and servers, and the built-in roles.
    var knownRoles: [String] {
        let roles = (inventory?.roles ?? []).union(serverRoles).union(["control-plane", "worker"]).sorted()
        guard roles.count <= Limit.roleCount else {
            problems.add(
                files.location,
                "the files name \(roles.count) roles, more than \(Limit.roleCount)"
            )
            return Array(roles.prefix(Limit.roleCount))
        }
        return roles
    }

    /// Returns the roles of this node from `--role`, or else from `NEST_ROLE`, or else from section `nodes`.
    func readRoles(_ known: [String]) -> [String] {
        let said: [(roles: String?, location: SourceLocation)] = [
            (facts.role, SourceLocation(file: "--role")), (facts.environmentRole, SourceLocation(file: "NEST_ROLE")),
        ]
        guard let (text, location) = said.first(where: { $0.roles != nil }), let text else {
            return nodeEntry(of: facts.hostName).flatMap { inventory?.entry(of: $0.key)?.roles } ?? []
        }
        let roles = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        for role in roles where !known.contains(role) {
            problems.addMissing(
                location,
                "no role is named \(quoted(role))",
                hint: problems.hint(for: role, in: known, else: "expected one of \(few(known))")
            )
        }
        return roles.unique()
    }

    /// A hint about the ways to give this node a role.
    var roleHint: String {
        "write \(typed(facts.hostName)): {role: ROLE} below nodes:, or for one call type --role ROLE or set NEST_ROLE=ROLE"
    }
}

/// The lists of nodes, and the variables that join a text for every node of a list.
extension ClusterReader {
    var listNames: [String] {
        ["cluster.nodes", "cluster.controlPlanes", "cluster.workers", "node.peers"]
            + knownRoles.map { "cluster.nodes.\($0)" }
    }

    /// Adds the lists as variables without a value; if one is used, the hint explains how to use a list.
    func addLists(_ values: inout [String: Variables.Value]) {
        for name in listNames {
            values[name] = .missing(
                message: "it is a list of nodes",
                hint: "write {each: \(name), text: TEXT} as the value of a variable, and use that here"
            )
        }
    }

    /// Returns the value of a variable whose definition is a text for every node of a list.
    ///
    /// `owner` is the node that uses the variable, `nil` for a role without nodes; `roles` are its roles, or that role.
    func listedValue(_ name: String, _ node: Node, of owner: String?, _ roles: [String]) -> Variables.Value {
        guard let text = NodeText(name, node, problems) else { return .broken }
        guard inventory != nil else {
            return .missing(message: "it is known only when all nodes have been read", hint: "write the value itself")
        }
        guard let nodes = nodes(of: text, owner, roles) else { return .broken }
        var texts: [String] = []
        for node in nodes {
            let written = nodeTexts.texts[[name, node.name]] ?? self.text(text, of: node)
            nodeTexts.texts[[name, node.name]] = written
            guard case .scalar(let content) = written else { return .broken }
            texts.append(content.scalarText)
        }
        let value = texts.joined(separator: text.separator)
        guard value.utf8.count <= Limit.variableLength else {
            problems.add(
                text.location,
                "a variable becomes longer than \(Limit.variableLength / 1024) KiB"
            )
            return .broken
        }
        return .scalar(.string(value))
    }

    /// Returns the nodes of the list, or `nil` after reporting that the list does not exist.
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

    /// Returns the text for one node, with that node's variables replaced.
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

/// The texts already generated for nodes, in a class so that all copies of a reader share them.
///
/// Many nodes and roles use the same text, but its problems must be reported only once.
final class NodeTexts {
    /// The texts, by the variable's name followed by the node's name.
    var texts: [[String]: Variables.Value] = [:]
}
