import Base

/// A reader of the sections `cluster`, `nodes` and `variables`.
struct ClusterReader {
    let files: MergedFiles
    let facts: NodeFacts
    let problems: ProblemCollector
    /// The roles of this node that were reported as unknown; problems that follow from them are not reported.
    var reportedRoles: [String] = []
    /// The nodes, or `nil` until all of them have been read.
    var inventory: Inventory?
    /// The names of the variables that entries of `nodes` set.
    let nodeVariables: [String]
    /// The patterns of host names, the longest first.
    let patterns: [Mapping.Entry]
    let nodeTexts = NodeTexts()

    /// Whether a rule may choose `${node.address}`; `true` only while tasks and section `cluster` are read.
    var usesAddressRules = false

    static let nodeAddress = Key<ClusterDeclaration>(
        "nodeAddress",
        \.addressRule,
        .addressRule,
        default: "none; `${node.address}` cannot be used"
    )
    .meaning("how the address of a node is chosen")

    /// The keys of section `cluster` that are read with the same variables as tasks.
    private static let keys: [Key<ClusterDeclaration>] = [
        Key("name", \.name, .string, default: "none").meaning("the cluster's name"),
        Key("certificateAuthority", \.certificateAuthority, .readPath, default: "none")
            .meaning("the CA of the API server's certificate"),
        Key(
            "warnBefore",
            \.warnBefore,
            .validity,
            default: "a tenth of the validity of each certificate, `720h` at most"
        )
        .meaning("the time before the expiry of certificates at which warnings begin"),
        Key("vip", \.virtualAddress, .address, default: "none")
            .meaning("the virtual IP address that the control planes share"),
        Key("report", \.report, .report, default: "`true` where a kubelet's kubeconfig is known")
            .meaning("whether the node reports its state to the cluster, and as which user"),
    ]

    /// All keys of section `cluster`, in the order of the reference.
    static let descriptions: [KeyDescription] = {
        let servers = KeyDescription(
            name: "servers",
            type: .either([.serverURL, .dictionary(.serverURL)]),
            presence: .optional(default: "none"),
            meaning: "the API server, for every role or as a mapping of roles"
        )
        let others = keys.map(\.description)
        return others.prefix(3) + [servers, nodeAddress.description] + others.dropFirst(3)
    }()

    init(_ files: MergedFiles, _ facts: NodeFacts, _ problems: ProblemCollector) {
        self.files = files
        self.facts = facts
        self.problems = problems
        patterns = files.nodes.entries.filter { Inventory.isPattern($0.key) }
            .sorted { $0.key.utf8.count > $1.key.utf8.count }
        let names = files.nodes.entries.lazy.flatMap {
            $0.value.mapping?["variables"]?.mapping?.entries ?? []
        }
        .map(\.key)
        nodeVariables = Array(Set(names).sorted().prefix(Limit.variableCount))
    }

    /// Returns the server's URL for the given roles before variables are replaced, or `nil` if there is none.
    func serverNode(for roles: [String]) -> Node? {
        guard let node = files.cluster["servers"]?.value, let servers = node.mapping else {
            return files.cluster["servers"]?.value
        }
        return roles.lazy.compactMap { servers[$0] }.first
    }

    var serverRoles: [String] {
        files.cluster["servers"]?.value.mapping?.entries.map(\.key) ?? []
    }

    /// Reads section `cluster`; keys with errors are missing from the result.
    func readCluster(_ views: RoleViews) -> ReadCluster {
        var cluster = ReadCluster(reader: self)
        let fields = files.cluster.value("cluster", views.variables(for: nil), problems)
        _ = fields.read(Self.keys, into: &cluster.declaration)
        cluster.isAuthorityFaulty =
            fields.has("certificateAuthority") && cluster.declaration.certificateAuthority == nil
        checkAddressRule(fields)
        if fixedAddress(of: facts.hostName) == nil {
            cluster.declaration.addressRule = readAddressRule(of: facts.hostName)
        }
        if let entry = fields.entry("servers") { readServers(fields.value(of: entry), views, &cluster) }
        return cluster
    }

    fileprivate var unknownRole: (message: String, hint: String) {
        (message: "the role of node \(quoted(facts.hostName)) is not known", hint: roleHint)
    }

    private func readServers(_ value: ConfigValue, _ views: RoleViews, _ cluster: inout ReadCluster) {
        for server in value.node.mapping?.entries ?? [] {
            let variables = views.variables(for: [server.key])
            cluster.declaration.servers[server.key] = readServer(value.value(of: server), variables)
        }
        guard value.node.mapping == nil else { return }
        if value.node.sequence != nil || value.node.isNull {
            value.reportTypeMismatch("a URL or a mapping of roles to URLs")
        } else {
            cluster.declaration.server = readServer(value, views.variables(for: nil))
        }
        cluster.isServerFaulty = cluster.declaration.server == nil
    }

    private func readServer(_ value: ConfigValue, _ variables: Variables) -> LocatedPath? {
        variables.replaced(value.node, problems).flatMap { node in
            var value = value
            (value.node, value.variables) = (node, variables)
            return ValueReader.serverURL.read(value)
        }
    }
}

/// The section `variables` and the built-in variables.
extension ClusterReader {
    /// Reads the variables of a node, by default this node, for the given roles.
    func readVariables(for roles: [String], of node: String? = nil) -> Variables {
        readVariables(for: roles, name: node ?? facts.hostName, valuesOf: node ?? facts.hostName)
    }

    /// Reads the variables for the given roles, with `name` as the value of `node.name`.
    ///
    /// A node's own variables, its index and its address are those of `node`, which is `nil` if no node has the roles.
    func readVariables(for roles: [String], name: String, valuesOf node: String?) -> Variables {
        let (definitions, values) = self.definitions(for: roles, name: name, valuesOf: node)
        var resolver = VariableResolver(definitions, values: values, problems: problems) {
            listedValue($0, $1, of: node, roles)
        }
        return resolver.resolve()
    }

    /// Returns the definitions that may refer to each other, and the values that are already known.
    func definitions(
        for roles: [String],
        name: String,
        valuesOf node: String?
    ) -> (definitions: [String: Node], values: [String: Variables.Value]) {
        var definitions: [String: Node] = [:]
        var values: [String: Variables.Value] = ["node.name": .scalar(.string(name))]
        let unknownRole = unknownRole
        values["node.role"] =
            roles.first.map { .scalar(.string($0)) } ?? .missing(message: unknownRole.message, hint: unknownRole.hint)
        values["node.index"] = indexValue(of: node)
        addLists(&values)
        if files.variables.entries.count > Limit.variableCount {
            let location = files.variables.entries[Limit.variableCount].location
            problems.add(location, "the files declare more than \(Limit.variableCount) variables")
        }
        for entry in files.variables.entries.prefix(Limit.variableCount) {
            let isFound =
                NodeText.isMeant(by: entry.value)
                ? problems.checkVariableName(entry.key, at: entry.location) : isVariable(entry)
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
            ReadCluster(reader: self).missingServer(for: roles).map { .missing(message: $0.message, hint: $0.hint) }
                ?? .broken
        }
        return (definitions, values)
    }

    /// Adds the variables that the entry of a node sets, and marks those that only other nodes set as missing.
    private func addOwnVariables(
        of node: String?,
        _ definitions: inout [String: Node],
        _ values: inout [String: Variables.Value],
    ) {
        let own = node.flatMap { nodeEntry(of: $0)?.value.mapping?["variables"]?.mapping?.entries } ?? []
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
            guard let node else {
                values[name] = .broken
                continue
            }
            values[name] = .missing(
                message: "it is a variable of other nodes, not of \(quoted(node))",
                hint: "write \(name): VALUE below variables: of this node, or of all nodes"
            )
        }
    }

    /// Returns the value of `node.index`.
    ///
    /// For a role without nodes, `node` is `nil`.
    private func indexValue(of node: String?) -> Variables.Value {
        guard let node else { return .broken }
        guard let inventory else {
            return .missing(message: "it is known only when all nodes have been read", hint: "write the number itself")
        }
        if let index = inventory.index(of: node) { return .scalar(Node.number(index).content) }
        // A node with errors is not in the inventory.
        guard files.nodes[node] == nil else { return .broken }
        let hint = "write \(typed(node)): {role: ROLE} below nodes:"
        return .missing(message: "'nodes' does not list node \(quoted(node)) by name", hint: hint)
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
            // A value that is not a string is reported where its section is read.
            values[name] = node == nil ? missing() : .broken
        }
    }

    /// Returns whether an entry defines a variable with a scalar value, after reporting the problem if it does not.
    func isVariable(_ entry: Mapping.Entry) -> Bool {
        guard problems.checkVariableName(entry.key, at: entry.location) else { return false }
        switch entry.value.content {
        case .string, .number, .boolean: return true
        case .null, .sequence, .mapping:
            let name = ValueName(owner: "variable '\(entry.key)'")
            let item = ConfigValue(node: entry.value, key: entry.key, subject: name, problems: problems)
            item.reportTypeMismatch(
                "a string, a number or a boolean",
                hint: entry.value.isNull ? item.write("\"\"", asIs: true) : nil
            )
            return false
        }
    }
}

/// The parts of section `cluster` that could be read.
struct ReadCluster {
    var declaration = ClusterDeclaration()
    /// Whether `certificateAuthority` has an error that has already been reported.
    var isAuthorityFaulty = false
    /// Whether `servers` is not a mapping and has an error that has already been reported.
    var isServerFaulty = false
    let reader: ClusterReader

    /// Returns the reason why the given roles have no server, or `nil` if a problem already explains it.
    func missingServer(for roles: [String]) -> (message: String, hint: String)? {
        guard reader.files.cluster["servers"]?.value.mapping != nil else {
            guard !isServerFaulty else { return nil }
            return ("the cluster has no server", "write servers: https://HOST:6443 below cluster:")
        }
        guard let role = roles.first else { return reader.unknownRole }
        guard !roles.contains(where: (reader.serverRoles + reader.reportedRoles).contains) else { return nil }
        return ("the cluster has no server for role '\(role)'", "write \(role): https://HOST:6443 below servers:")
    }
}

extension ReportDeclaration {
    fileprivate static let keys: [Key<Self>] = [
        Key("kubeconfig", \.kubeconfig, .readPath, default: "that of the kubelet")
            .meaning("the kubeconfig of the user that reports"),
        Key("node", \.node, .node, default: "that of the kubelet's certificate, else the host name")
            .meaning("the name of the Node"),
    ]
}

extension ValueReader where Value == String {
    fileprivate static var node: Self { string("the name of a Node", .name("Node"), where: { isNodeName($0) }) }
}

extension ValueReader where Value == ReportDeclaration? {
    /// A boolean, or a mapping of settings.
    fileprivate static var report: Self {
        let mapping = ValueReader<ReportDeclaration>.mapping(ReportDeclaration.keys, into: ReportDeclaration())
        return Self(type: .either([.boolean, mapping.type]), ignoresQuotes: true) { value in
            if value.node.mapping != nil { return mapping.read(value) }
            guard let isOn = value.node.boolean else {
                return value.mismatch("true, false or a mapping", hint: value.write("false"))
            }
            return .some(isOn ? ReportDeclaration() : nil)
        }
    }
}
