import Base
import YAML

/// Reads the sections `cluster`, `nodes` and `variables`.
struct ClusterReader {
    let files: MergedFiles
    let facts: NodeFacts
    let problems: ProblemCollector
    /// The roles of this node that were reported as unknown, so that what follows from them is not.
    var reportedRoles: [String] = []
    /// The nodes, once they have been read.
    var inventory: Inventory?
    /// The variables that some nodes have of their own.
    let nodeVariables: [String]
    /// The patterns of host names.
    let patterns: HostPatterns
    /// What has been written for the nodes of lists.
    let nodeTexts = NodeTexts()

    /// Whether what is read may depend on an address that a rule chooses: tasks and servers may.
    var usesAddressRules = false

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
            type: .either([.serverURL, .dictionary(.serverURL)]),
            presence: .optional(default: "none"),
            meaning: "the API server, for every role or as a mapping of roles"
        )
        static let nodeAddress = Key.optional(
            "nodeAddress",
            .addressRule,
            default: "none; `${node.address}` cannot be used",
            "how the address of a node is chosen"
        )
        static let vip = Key.optional(
            "vip",
            .address,
            default: "none",
            "the virtual IP address that the control planes share"
        )
        static let report = Key.optional(
            "report",
            ReadReport.reader,
            default: "`true` where a kubelet's kubeconfig is known",
            "whether the node reports its state to the cluster, and as which user"
        )
        static let all = [
            name.description, certificateAuthority.description, servers, nodeAddress.description, vip.description,
            ports.description, report.description,
        ]
    }

    init(_ files: MergedFiles, _ facts: NodeFacts, _ problems: ProblemCollector) {
        self.files = files
        self.facts = facts
        self.problems = problems
        patterns = HostPatterns(files.nodes.entries)
        let names = files.nodes.entries.lazy.flatMap {
            $0.value.mapping?[NodeKeys.variables.name]?.mapping?.entries ?? []
        }
        .map(\.key)
        nodeVariables = Array(Set(names).sorted().prefix(Limit.variableCount))
    }

    /// The server's URL for a node with some roles, as written.
    func serverNode(for roles: [String]) -> Node? {
        guard let node = files.cluster["servers"]?.value, let servers = node.mapping else {
            return files.cluster["servers"]?.value
        }
        return roles.lazy.compactMap { servers[$0] }.first
    }

    /// The roles that `servers` names.
    var serverRoles: [String] {
        files.cluster["servers"]?.value.mapping?.entries.map(\.key) ?? []
    }

    /// Reads `cluster`.
    ///
    /// - Parameter views: The variables of each role.
    /// - Returns: What could be read.
    func readCluster(_ views: RoleViews) -> ReadCluster {
        var cluster = emptyCluster
        var fields = MappingReader(
            files.cluster.entries,
            at: files.location,
            MappingName(path: ["cluster"]),
            views.variables(for: nil),
            problems
        )
        cluster.declaration.name = fields.value(Keys.name)
        let vip = fields.entries.first { $0.key == Keys.vip.description.name }
        if let address = fields.value(Keys.vip), let location = vip?.value.location {
            checkVirtualAddress(address, at: location)
            cluster.declaration.virtualAddress = .init(address, at: location)
        }
        cluster.declaration.ports = readPorts(&fields)
        cluster.declaration.certificateAuthority = fields.value(Keys.certificateAuthority)
        cluster.isAuthorityFaulty =
            fields.has("certificateAuthority") && cluster.declaration.certificateAuthority == nil
        checkAddressRule(&fields)
        cluster.declaration.addressRule = readAddressRule()
        let isReportWritten = fields.has(Keys.report.description.name)
        let report = fields.value(Keys.report)
        if isReportWritten { cluster.declaration.report = report?.declaration }
        if let entry = fields.take(Keys.servers.name) { readServers(entry.value, fields.subject, views, &cluster) }
        fields.finish()
        return cluster
    }

    /// The cluster before anything of it was read.
    var emptyCluster: ReadCluster {
        ReadCluster(
            serverRoles: files.cluster["servers"]?.value.mapping?.entries.map(\.key),
            unknownRole: .init(message: "the role of node \(quoted(facts.hostName)) is not known", hint: roleHint),
            reportedRoles: reportedRoles,
        )
    }

    private func readServers(
        _ node: Node,
        _ subject: MappingName,
        _ views: RoleViews,
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
                    views.variables(for: [server.key])
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
        cluster.declaration.server = readServer(node, "servers", label, views.variables(for: nil))
        cluster.isServerFaulty = cluster.declaration.server == nil
    }

    private func readServer(_ node: Node, _ key: String, _ label: String, _ variables: Variables) -> LocatedPath? {
        variables.replaced(node, problems).flatMap {
            ConfigValue(node: $0, key: key, label: label, variables: variables, problems: problems).serverURL()
        }
    }
}
