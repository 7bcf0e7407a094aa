import Base
import YAML

/// The section `nodes`.
extension ClusterReader {
    /// The keys of a node.
    enum NodeKeys {
        static let choices = ["role", "roles"]
        static let role = Key.oneOf(
            choices,
            "role",
            ValueReader<String>(type: .name("role")) { $0.roleName() },
            "the node's only role"
        )
        static let roles = Key.oneOf(
            choices,
            "roles",
            ValueReader(type: .array(.name("role"))) { RoleList($0) },
            "the node's roles; the first is `${node.role}`"
        )
        static let address = Key.optional(
            "address",
            .declaredAddress,
            default: "`cluster.nodeAddress`",
            "the address of this node, or how it is chosen"
        )
        static let variables = KeyDescription(
            name: "variables",
            type: .dictionary(.variable),
            presence: .optional(default: "none"),
            meaning: "variables that have other values on this node, or values on it only"
        )
        static let all = [role.description, roles.description, variables, address.description]
    }

    /// Reads `nodes`.
    func readNodes(_ variables: Variables) -> Inventory {
        let named = namedRoles
        let entries = files.nodes.entries.compactMap { readNode($0, variables, named) }
        let nodes = entries.filter { !HostPatterns.isMeant(by: $0.name) }
        reportRepeatedAddresses(nodes)
        reportNamesOfOneNode(nodes)
        patterns.check(problems)
        return Inventory(nodes, patterns: entries.filter { HostPatterns.isMeant(by: $0.name) })
    }

    /// The entry of a node: that of its name, or else of the most specific pattern that matches it.
    func nodeEntry(of host: String) -> Mapping.Entry? {
        files.nodes[host] ?? patterns.entry(matching: host)
    }

    /// Reads a node; one whose roles have mistakes is left out after they have been reported.
    private func readNode(_ entry: Mapping.Entry, _ variables: Variables, _ named: Set<String>) -> Inventory.Entry? {
        checkHostName(entry)
        let subject = MappingName(path: ["nodes", entry.key])
        guard let mapping = entry.value.mapping else {
            let item = ConfigValue(node: entry.value, key: nil, label: subject.name, problems: problems)
            item.reportTypeMismatch("a mapping", hint: entry.value.string.map { "write {role: \(typed($0))}" })
            return nil
        }
        var fields = MappingReader(mapping.entries, at: entry.location, subject, variables, problems)
        defer { fields.finish() }
        fields.requireOne(of: NodeKeys.choices, example: "role: worker")
        let roles = readRoles(&fields, named)
        let address = fields.value(NodeKeys.address)
        if let below = fields.fields(NodeKeys.variables.name, expected: "a mapping of names to values") {
            for variable in below.entries { _ = isVariable(variable) }
        }
        guard !roles.isEmpty else { return nil }
        var node = Inventory.Entry(name: entry.key, roles: roles, location: entry.location)
        if case .fixed(let fixed)? = address, let location = mapping["address"]?.location {
            node.address = fixed
            if HostPatterns.isMeant(by: entry.key) {
                problems.add(
                    location,
                    "\(subject.label("address")) is one address, and the pattern is for several nodes",
                    hint: "write {range: ADDRESS/BITS}, or list the nodes by name"
                )
            }
        }
        return node
    }

    /// Reports a node whose name no host can have, or a pattern that matches no host.
    private func checkHostName(_ entry: Mapping.Entry) {
        let isPattern = HostPatterns.isMeant(by: entry.key)
        guard !SubjectName.isHostName(isPattern ? entry.key.replacing("*", with: "x") : entry.key) else { return }
        let what = isPattern ? "a pattern of host names" : "the name of a host"
        let hint = "write letters, digits, '-' and '.', as 'hostname' prints the name on the node"
        problems.add(entry.location, "\(quoted(entry.key)) cannot be \(what)", hint: hint)
    }

    /// The roles of a node, each once.
    private func readRoles(_ fields: inout MappingReader, _ named: Set<String>) -> [String] {
        let single = fields.entries.first { $0.key == NodeKeys.role.description.name }?.value.location
        var roles: [(name: String, location: SourceLocation)] = []
        if let role = fields.value(NodeKeys.role), let single { roles.append((role, single)) }
        for item in fields.value(NodeKeys.roles)?.items ?? [] {
            if let role = item.roleName() { roles.append((role, item.node.location)) }
        }
        let node = fields.subject.path.last ?? ""
        for role in roles { reportLikelySlip(role.name, of: node, role.location, named) }
        return roles.map(\.name).unique()
    }

    /// The roles that tasks and servers name, and the two that every cluster has.
    private var namedRoles: Set<String> {
        let tasks = files.tasks.entries.flatMap { $0.value.mapping?["roles"]?.sequence?.compactMap(\.string) ?? [] }
        return Set(tasks).union(serverRoles).union(["control-plane", "worker"])
    }

    /// Reports a role that nothing else names and that is nearly one of those that something names.
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

    /// Reports names that differ only in case: a Node has the name of its host in lower case.
    private func reportNamesOfOneNode(_ entries: [Inventory.Entry]) {
        var first: [String: Inventory.Entry] = [:]
        for entry in entries {
            guard let other = first.updateValue(entry, forKey: entry.name.lowercased()) else { continue }
            problems.add(
                entry.location,
                "node \(quoted(entry.name)) differs from node \(quoted(other.name)) at \(other.location) only in case",
                hint: "remove one: both are Node '\(entry.name.lowercased())' of the cluster"
            )
        }
    }

    /// Reports nodes with the address of another node.
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

    /// Reports a virtual IP address that is the address of a node.
    func checkVirtualAddress(_ address: IPAddress, at location: SourceLocation) {
        guard let owner = inventory?.entries.first(where: { $0.address == address }) else { return }
        problems.add(
            location,
            "'cluster.vip' is the address of node \(quoted(owner.name)) at \(addressLocation(of: owner))",
            hint: "write an address that no node has"
        )
    }

    /// The roles that tasks may name: those of nodes and servers, and the two that every cluster has.
    var knownRoles: [String] {
        let roles = (inventory?.roles ?? []).union(serverRoles).union(["control-plane", "worker"]).sorted()
        guard roles.count <= Limit.roleCount else {
            problems.add(files.location, "the files name \(roles.count) roles, more than \(Limit.roleCount)")
            return Array(roles.prefix(Limit.roleCount))
        }
        return roles
    }

    /// The roles of this node, none if they are not known.
    func readRoles(_ known: [String]) -> [String] {
        let said: [(roles: String?, location: SourceLocation)] = [
            (facts.role, SourceLocation(file: "--role")), (facts.environmentRole, SourceLocation(file: "NEST_ROLE")),
        ]
        guard let (text, location) = said.first(where: { $0.roles != nil }), let text else {
            return nodeEntry(of: facts.hostName).flatMap { inventory?.entry(of: $0.key)?.roles } ?? []
        }
        var seen: Set<String> = []
        let roles = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        for role in roles where !known.contains(role) {
            let all = "expected one of \(few(known))"
            problems.addMissing(
                location,
                "no role is named \(quoted(role))",
                hint: problems.hint(for: role, in: known, else: all)
            )
        }
        return roles.filter { seen.insert($0).inserted }
    }

    /// Advice where the role of this node is not known.
    var roleHint: String {
        "write \(typed(facts.hostName)): {role: ROLE} below nodes:, or for one call type --role ROLE or set NEST_ROLE=ROLE"
    }
}

extension ConfigValue {
    /// A role: lower-case letters, digits and dashes.
    func roleName() -> String? {
        guard let name = string(expected: "a role") else { return nil }
        guard isRoleName(name) else {
            reportTypeMismatch("a role of lower-case letters, digits and dashes")
            return nil
        }
        return name
    }
}

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

    /// The text of one node: with the variables as that node has them.
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
