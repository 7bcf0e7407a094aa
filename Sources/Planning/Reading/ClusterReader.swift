import Base
import YAML

/// Reads the sections `cluster`, `nodes` and `variables`.
struct ClusterReader {
    let files: MergedFiles
    let facts: NodeFacts
    let problems: ProblemCollector
    /// The role of this node if it was reported as unknown, so that what follows from it is not.
    var reportedRole: String?
    /// The variables that some nodes have of their own.
    let nodeVariables: [String]

    /// What is known of the node's address; only tasks and servers may depend on it.
    var address = Variables.Value.missing(
        message: "it is known only to the tasks of the node",
        hint: "write the address itself"
    )

    /// The keys of the sections.
    enum Keys {
        static let name = Key.optional("name", .string, default: "none", "the cluster's name")
        static let certificateAuthority = Key.optional(
            "certificateAuthority",
            .readPath,
            default: "none",
            "the CA of the API server's certificate"
        )
        static let servers = KeyDescription(
            name: "servers",
            type: .either([.url, .dictionary(.url)]),
            presence: .optional(default: "none"),
            meaning: "the API server, for every role or as a mapping of roles"
        )
        static let nodeAddress = Key.optional(
            "nodeAddress",
            .addressRule,
            default: "none; `${node.address}` cannot be used",
            "how the address of a node is chosen"
        )
        static let address = Key.optional(
            "address",
            .addressRule,
            default: "`cluster.nodeAddress`",
            "how the address of this node is chosen"
        )
        static let role = Key.required(
            "role",
            ValueReader(type: .name("role")) { $0.roleName() },
            example: "worker",
            "the node's role"
        )
        static let variables = KeyDescription(
            name: "variables",
            type: .dictionary(.either([.string, .integer, .boolean])),
            presence: .optional(default: "none"),
            meaning: "variables that have other values on this node, or values on it only"
        )
    }

    /// Creates a reader.
    init(_ files: MergedFiles, _ facts: NodeFacts, _ problems: ProblemCollector) {
        self.files = files
        self.facts = facts
        self.problems = problems
        let names = files.nodes.entries.lazy.flatMap { $0.value.mapping?[Keys.variables.name]?.mapping?.entries ?? [] }
            .map(\.key)
        nodeVariables = Array(Set(names).sorted().prefix(Limit.variableCount))
    }

    /// The server's URL for a role, as written.
    func serverNode(for role: String?) -> Node? {
        guard let node = files.cluster["servers"]?.value, let servers = node.mapping else {
            return files.cluster["servers"]?.value
        }
        return role.flatMap { servers[$0] }
    }

    /// The roles that `servers` names.
    private var serverRoles: [String] {
        files.cluster["servers"]?.value.mapping?.entries.map(\.key) ?? []
    }

    /// Reads `cluster`.
    ///
    /// - Parameter variables: The variables of each role, `nil` being a node whose role is not known.
    /// - Returns: What could be read.
    func readCluster(_ variables: (String?) -> Variables) -> ReadCluster {
        var cluster = emptyCluster
        var fields = MappingReader(
            files.cluster.entries,
            at: files.location,
            MappingName(path: ["cluster"]),
            variables(nil),
            problems
        )
        cluster.declaration.name = fields.value(Keys.name)
        cluster.declaration.certificateAuthority = fields.value(Keys.certificateAuthority)
        cluster.isAuthorityFaulty =
            fields.has("certificateAuthority") && cluster.declaration.certificateAuthority == nil
        checkAddressRule(&fields)
        cluster.declaration.addressRule = readAddressRule()
        if let entry = fields.take(Keys.servers.name) { readServers(entry.value, fields.subject, variables, &cluster) }
        fields.finish()
        return cluster
    }

    /// The cluster before anything of it was read.
    var emptyCluster: ReadCluster {
        ReadCluster(
            serverRoles: files.cluster["servers"]?.value.mapping?.entries.map(\.key),
            unknownRole: .init(message: "the role of node \(quoted(facts.hostName)) is not known", hint: roleHint),
            reportedRole: reportedRole,
        )
    }

    private func readServers(
        _ node: Node,
        _ subject: MappingName,
        _ variables: (String?) -> Variables,
        _ cluster: inout ReadCluster,
    ) {
        let label = subject.label("servers")
        guard node.mapping == nil, node.sequence == nil, !node.isNull else {
            for server in node.mapping?.entries ?? [] {
                let label = subject.below("servers").label(server.key)
                cluster.declaration.servers[server.key] = readServer(
                    server.value,
                    server.key,
                    label,
                    variables(server.key)
                )
            }
            if node.mapping == nil {
                ConfigValue(node: node, key: nil, label: label, problems: problems).reportTypeMismatch(
                    "a URL or a mapping of roles to URLs"
                )
            }
            cluster.isServerFaulty = node.mapping == nil
            return
        }
        cluster.declaration.server = readServer(node, "servers", label, variables(nil))
        cluster.isServerFaulty = cluster.declaration.server == nil
    }

    private func readServer(_ node: Node, _ key: String, _ label: String, _ variables: Variables) -> LocatedPath? {
        variables.replaced(node, problems).flatMap {
            ConfigValue(node: $0, key: key, label: label, variables: variables, problems: problems).serverURL()
        }
    }

    /// Reads `nodes`: the role of every host name.
    func readNodes(_ variables: Variables) -> [String: String] {
        var roles: [String: String] = [:]
        let named = namedRoles
        for entry in files.nodes.entries {
            let subject = MappingName(path: ["nodes", entry.key])
            guard let mapping = entry.value.mapping else {
                let item = ConfigValue(node: entry.value, key: nil, label: subject.name, problems: problems)
                item.reportTypeMismatch("a mapping", hint: entry.value.string.map { "write {role: \(typed($0))}" })
                continue
            }
            var fields = MappingReader(mapping.entries, at: entry.location, subject, variables, problems)
            roles[entry.key] = fields.value(Keys.role)
            if let role = roles[entry.key], let location = mapping["role"]?.location {
                reportLikelySlip(role, of: entry.key, location, named)
            }
            _ = fields.value(Keys.address)
            if let below = fields.fields(Keys.variables.name, expected: "a mapping of names to values") {
                for variable in below.entries { _ = isVariable(variable) }
            }
            fields.finish()
        }
        return roles
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

    /// The roles that tasks may name: those of nodes and servers, and the two that every cluster has.
    func knownRoles(_ nodes: [String: String]) -> [String] {
        let roles = Set(nodes.values).union(serverRoles).union(["control-plane", "worker"]).sorted()
        guard roles.count <= Limit.roleCount else {
            problems.add(files.location, "the files name \(roles.count) roles, more than \(Limit.roleCount)")
            return Array(roles.prefix(Limit.roleCount))
        }
        return roles
    }

    /// The role of this node, or `nil` if it is not known.
    func readRole(_ nodes: [String: String], _ known: [String]) -> String? {
        let said: [(role: String?, location: SourceLocation)] = [
            (facts.role, SourceLocation(file: "--role")), (facts.environmentRole, SourceLocation(file: "NEST_ROLE")),
        ]
        guard let (role, location) = said.first(where: { $0.role != nil }), let role else {
            return nodes[facts.hostName]
        }
        if !known.contains(role) {
            let all = "expected one of \(few(known))"
            problems.addMissing(
                location,
                "no role is named \(quoted(role))",
                hint: problems.hint(for: role, in: known, else: all)
            )
        }
        return role
    }

    /// What to type where the role of this node is not known.
    var roleHint: String {
        "write \(typed(facts.hostName)): {role: ROLE} below nodes:, or for one call type --role ROLE or set NEST_ROLE=ROLE"
    }
}

extension ConfigValue {
    /// A role: lower-case letters, digits and dashes.
    func roleName() -> String? {
        guard let name = string(expected: "a role") else { return nil }
        guard isTaskName(name) else {
            reportTypeMismatch("a role of lower-case letters, digits and dashes")
            return nil
        }
        return name
    }
}
