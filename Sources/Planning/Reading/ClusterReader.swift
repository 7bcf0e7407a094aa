import YAML

/// Reads the sections `cluster`, `nodes` and `variables`, which tell a node what it is.
struct ClusterReader {
    let files: MergedFiles
    let facts: NodeFacts
    let problems: Problems

    /// Creates a reader.
    init(_ files: MergedFiles, _ facts: NodeFacts, _ problems: Problems) {
        self.files = files
        self.facts = facts
        self.problems = problems
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
        var fields = Fields(
            files.cluster.entries,
            at: files.place,
            Subject(path: ["cluster"]),
            variables(nil),
            problems
        )
        cluster.declaration.name = fields.value("name") { $0.string() }
        cluster.declaration.certificateAuthority = fields.value("certificateAuthority") { $0.readPath() }
        cluster.isAuthorityFaulty =
            fields.has("certificateAuthority") && cluster.declaration.certificateAuthority == nil
        if let entry = fields.take("servers") { readServers(entry.value, fields.subject, variables, &cluster) }
        fields.finish()
        return cluster
    }

    /// The cluster before anything of it was read.
    var emptyCluster: ReadCluster {
        ReadCluster(
            serverRoles: files.cluster["servers"]?.value.mapping?.entries.map(\.key),
            unknownRole: .init(message: "the role of node \(quoted(facts.hostName)) is not known", hint: roleHint),
        )
    }

    private func readServers(
        _ node: Node,
        _ subject: Subject,
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
                Item(node: node, key: nil, label: label, problems: problems).tellWrong(
                    "a URL or a mapping of roles to URLs"
                )
            }
            cluster.isServerFaulty = node.mapping == nil
            return
        }
        cluster.declaration.server = readServer(node, "servers", label, variables(nil))
        cluster.isServerFaulty = cluster.declaration.server == nil
    }

    private func readServer(_ node: Node, _ key: String, _ label: String, _ variables: Variables) -> PathReference? {
        variables.replaced(node, problems).flatMap {
            Item(node: $0, key: key, label: label, problems: problems).serverURL()
        }
    }

    /// Reads `nodes`: the role of every host name.
    func readNodes(_ variables: Variables) -> [String: String] {
        var roles: [String: String] = [:]
        for entry in files.nodes.entries {
            let subject = Subject(path: ["nodes", entry.key])
            guard let mapping = entry.value.mapping else {
                let item = Item(node: entry.value, key: nil, label: subject.name, problems: problems)
                item.tellWrong("a mapping", hint: entry.value.string.map { "write {role: \(typed($0))}" })
                continue
            }
            var fields = Fields(mapping.entries, at: entry.place, subject, variables, problems)
            roles[entry.key] = fields.value("role", required: "worker") { item in
                item.roleName().map { name in
                    tellLikelySlip(name, of: entry.key, item.node.place)
                    return name
                }
            }
            fields.finish()
        }
        return roles
    }

    /// Tells a role that nothing else names and that is nearly one of those that something names.
    private func tellLikelySlip(_ role: String, of node: String, _ place: Place) {
        let tasks = files.tasks.entries.flatMap { $0.value.mapping?["roles"]?.sequence?.compactMap(\.string) ?? [] }
        let named = Set(tasks).union(serverRoles).union(["control-plane", "worker"])
        guard !named.contains(role), let near = problems.nearName(to: role, in: named.sorted()) else { return }
        let message = "role \(quoted(role)) of node \(quoted(node)) is that of no task and no server"
        problems.add(place, message, hint: "did you mean '\(near)'?")
    }

    /// The roles that tasks may name: those of nodes and servers, and the two that every cluster has.
    func knownRoles(_ nodes: [String: String]) -> [String] {
        let roles = Set(nodes.values).union(serverRoles).union(["control-plane", "worker"]).sorted()
        guard roles.count <= Limit.roleCount else {
            problems.add(files.place, "the files name \(roles.count) roles, more than \(Limit.roleCount)")
            return Array(roles.prefix(Limit.roleCount))
        }
        return roles
    }

    /// The role of this node, or `nil` where nobody says it.
    func readRole(_ nodes: [String: String], _ known: [String]) -> String? {
        let said: [(role: String?, place: Place)] = [
            (facts.role, Place(file: "--role")), (facts.environmentRole, Place(file: "NEST_ROLE")),
        ]
        guard let (role, place) = said.first(where: { $0.role != nil }), let role else { return nodes[facts.hostName] }
        if !known.contains(role) {
            let all = "known are \(few(known))"
            problems.addMissing(
                place,
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

extension Item {
    /// A role: lower-case letters, digits and dashes.
    func roleName() -> String? {
        guard let name = string(expected: "a role") else { return nil }
        guard isTaskName(name) else {
            tellWrong("a role of lower-case letters, digits and dashes")
            return nil
        }
        return name
    }
}
