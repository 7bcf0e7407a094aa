public import Base

/// Reads the plans of a k3s cluster on NixOS, and returns a cluster with a node for every host.
///
/// If a file could not be read, its parameter is `nil`, and `unreadable` contains the problem.
///
/// - Throws: Every problem in the files, and the problems in `unreadable`.
public func readPlans(
    hosts: SourceFile?,
    k3s: SourceFile?,
    network: SourceFile?,
    unreadable: [Problem] = [],
) throws(Problems) -> ImportedCluster {
    let problems = ProblemCollector()
    problems.add(unreadable)
    var reader = PlansReader(problems)
    if let network { reader.readNetwork(network) }
    if let hosts { reader.readHosts(hosts) }
    if let k3s { reader.readMembers(k3s) }
    try problems.check()
    return reader.finish()
}

private struct PlansReader {
    private var cluster = ImportedCluster()
    /// The network that must contain the addresses of hosts, members, gateway and `vip`, or `nil` if it is not known.
    private var subnet: AddressRange?
    /// The variables that `network.yaml` sets for all nodes.
    private var networkVariables: [(name: String, value: String)] = []
    private var used: UsedValues
    private let problems: ProblemCollector

    /// The names of all hosts, including hosts with errors.
    private var hostNames: Set<String> = []
    /// The positions in `cluster.nodes` by host name.
    private var positions: [String: Int] = [:]
    /// Whether every line of `hosts.csv` was read.
    private var hasAllHosts = false
    /// The locations of the lines of `k3s.csv`, by kind (`server` or `agent`) and host.
    private var members: [[String]: SourceLocation] = [:]

    private static let types = ["init-server", "server", "agent"]

    /// Other spellings of `init-server`.
    private static let initWords = ["init", "init_server"]

    /// The values of column `ip` for a host that obtains its address from DHCP.
    private static let dynamicWords = ["", "dhcp", "automatic", "auto", "dynamic"]

    /// The words that name this machine as the target of a deployment.
    private static let localWords = ["local", "self", "this", "127.0.0.1"]

    init(_ problems: ProblemCollector) {
        self.problems = problems
        used = UsedValues(problems)
    }

    /// Reads `hosts.csv`.
    mutating func readHosts(_ file: SourceFile) {
        guard let table = PlanTable(file, needed: ["name", "interface", "ip", "admin"], problems) else { return }
        hasAllHosts = table.hasAllLines
        if table.rows.isEmpty, hasAllHosts {
            problems.add(table.location, "no host is listed", hint: "write a line below the names of the columns")
        }
        for row in table.rows { readHost(row) }
    }

    private mutating func readHost(_ row: PlanTable.Row) {
        let named = row.lowercased("name")
        let text = named?.node.string ?? ""
        let owner = named == nil ? "a host" : "host \(quoted(text))"
        let name = named.flatMap { used.name($0) }
        if named != nil { hostNames.insert(text) }
        let written = row["ip"].flatMap { hostAddress($0, of: owner) }
        let interface = row["interface"].flatMap(ValueReader.interface.read)
        if interface?.contains("*") == true { row["interface"]?.report("must be the name of one interface") }
        let admin = row["admin"].flatMap(ValueReader.account("user").read)
        let others = row.others
        guard let name, let written, let interface, let admin else { return }
        var node = ImportedCluster.Node(name: name, roles: [], address: written.address)
        if let target = written.target { node.set("deploymentTarget", target) }
        node.set("interface", interface)
        node.set("admin", admin)
        for (column, value) in others { node.set(column, value) }
        positions[name] = cluster.nodes.count
        cluster.nodes.append(node)
    }

    /// Reads `ADDRESS` or `dhcp`, each optionally with `@TARGET`, or returns `nil` after reporting a problem.
    private mutating func hostAddress(
        _ value: ConfigValue,
        of owner: String
    ) -> (address: IPAddress?, target: String?)? {
        let parts = (value.node.string ?? "").split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        var target = parts.count > 1 ? String(parts[1]) : nil
        if let written = target, Self.localWords.contains(written.lowercased()) { target = "localhost" }
        if let written = target, IPAddress(written) == nil, !SubjectName.isHostName(written) {
            return value.mismatch("an address, perhaps with '@' and the address or host name that is deployed to")
        }
        guard !Self.dynamicWords.contains(parts[0].lowercased()) else {
            let message = "\(owner) has a dynamic address, so the node has none"
            let hint = "write nodeAddress: {} below cluster: in the task file if its tasks need the address"
            cluster.warnings.append(Problem(message, at: value.node.location, hint: hint))
            return (nil, target)
        }
        return address(withoutTarget(value), of: owner).map { ($0, target) }
    }

    /// Reads `k3s.csv`.
    mutating func readMembers(_ file: SourceFile) {
        guard let table = PlanTable(file, needed: ["host", "name", "type", "ip"], problems) else { return }
        var first: SourceLocation?
        var hasUnknownType = !table.hasAllLines
        for row in table.rows {
            let written = row.lowercased("type")
            let isInit = written?.node.string.map(Self.initWords.contains) ?? false
            let type = isInit ? Self.types[0] : written?.word(of: Self.types)
            hasUnknownType = hasUnknownType || type == nil
            if type == "init-server", let location = written?.node.location {
                if let first {
                    let message = "a second server has type 'init-server', the first one is at \(first)"
                    problems.add(location, message, hint: "write server")
                }
                first = first ?? location
            }
            readMember(row, type)
        }
        if first == nil, !hasUnknownType {
            let hint = "write it for the server that begins the cluster"
            problems.add(table.location, "no server has type 'init-server'", hint: hint)
        }
    }

    private mutating func readMember(_ row: PlanTable.Row, _ type: String?) {
        let kind = type.map { $0 == "agent" ? "agent" : "server" }
        let named = row.lowercased("name")
        let owner = named.map { "\(kind ?? "member") \(quoted($0.node.string ?? ""))" } ?? "a member"
        let name = named.flatMap { used.name($0) }
        let address = row["ip"].flatMap { self.address(withoutTarget($0), of: owner) }
        let others = row.others
        // If hosts.csv could not be read completely, one of its unread lines may list the host.
        guard let value = row.lowercased("host"), hasAllHosts, let host = value.node.string,
            isListed(host, at: value.node.location), let kind
        else { return }
        if let first = members[[kind, host]] {
            let message = "host \(quoted(host)) has two \(kind)s, the first one at \(first)"
            problems.add(value.node.location, message, hint: "a host runs at most one server and one agent")
            return
        }
        members[[kind, host]] = value.node.location
        guard let name, let address, let index = positions[host] else { return }
        let roles = kind == "agent" ? ["worker"] : ["control-plane", type == "init-server" ? "init" : "join"]
        // If a host is both a control plane and a worker, role `control-plane` comes first, whatever the lines' order.
        let present = cluster.nodes[index].roles
        cluster.nodes[index].roles = kind == "agent" ? present + roles : roles + present
        cluster.nodes[index].set("k3s.\(kind).name", name)
        cluster.nodes[index].set("k3s.\(kind).address", "\(address)")
        for (column, text) in others { cluster.nodes[index].set("k3s.\(kind).\(column)", text) }
    }

    /// Returns whether `hosts.csv` lists a host, after reporting the problem if it does not.
    private func isListed(_ host: String, at location: SourceLocation) -> Bool {
        guard !hostNames.contains(host) else { return true }
        let hint = problems.hint(for: host, in: hostNames.sorted(), else: "add it to hosts.csv")
        problems.add(location, "no host of hosts.csv is named \(quoted(host))", hint: hint)
        return false
    }

    /// Returns an address without the deployment target after `@`.
    private func withoutTarget(_ value: ConfigValue) -> ConfigValue {
        var value = value
        value.node.content = .string(value.node.content.scalarText.prefix { $0 != "@" }.description)
        return value
    }

    /// Reads an address, and reports it if it is outside the network.
    private mutating func address(_ value: ConfigValue, of owner: String) -> IPAddress? {
        guard let address = used.address(value, of: owner) else { return nil }
        if let subnet, !subnet.contains(address) {
            problems.add(
                value.node.location,
                "address \(address) of \(owner) is outside of the network \(subnet)",
                hint: "write an address of the network, or correct 'subnet' in network.yaml"
            )
        }
        return address
    }

    /// Returns the complete cluster; the files must have no problems.
    func finish() -> ImportedCluster {
        var cluster = cluster
        for index in cluster.nodes.indices {
            for variable in networkVariables { cluster.nodes[index].set(variable.name, variable.value) }
            if cluster.nodes[index].roles.isEmpty { cluster.nodes[index].roles = ["host"] }
        }
        if cluster.virtualAddress != nil { cluster.setPriorities() }
        return cluster
    }
}

extension PlansReader {
    /// Reads `network.yaml`.
    mutating func readNetwork(_ file: SourceFile) {
        let documents: [Document]
        do throws(Problems) {
            documents = try readDocuments(file.bytes, file: file.path, limits: .taskFile)
        } catch {
            problems.add(error.all)
            return
        }
        let roots = documents.compactMap(\.root)
        if roots.count > 1 {
            problems.add(roots[1].location, "the file has more than one YAML document", hint: "remove the line ---")
        }
        let root = roots.first.flatMap { $0.isNull ? nil : $0 } ?? .mapping([])
        let location = roots.first?.location ?? SourceLocation(file: file.path)
        let name = ValueName(owner: "network.yaml")
        let value = ConfigValue(node: root, keyLocation: location, subject: name, problems: problems)
        guard let fields = value.mapping("a mapping", hint: "write subnet: 10.0.100.0/24") else { return }
        if let range = fields.has("netmask") ? maskedRange(fields) : writtenRange(fields) {
            subnet = range
            networkVariables += [("subnet", "\(range)"), ("prefixLength", "\(range.prefixLength)")]
        }
        if let gateway = fields.entry("gateway").flatMap({ address(fields.value(of: $0), of: "'gateway'") }) {
            networkVariables.append(("gateway", "\(gateway)"))
        }
        let nameservers = fields.entry("nameservers").flatMap { entry in
            ValueReader.list(of: .address, "IP addresses").read(fields.value(of: entry))
        }
        if let nameservers, !nameservers.isEmpty {
            networkVariables.append(("nameservers", nameservers.map(\.description).joined(separator: ",")))
        }
        cluster.virtualAddress = fields.entry("vip").flatMap { address(fields.value(of: $0), of: "'vip'") }
        cluster.name = fields.entry("name").flatMap { entry in
            fields.value(of: entry).string(expected: "the name of the cluster")
        }
        fields.reportUnknownKeys(besides: ["gateway", "name", "nameservers", "netmask", "subnet", "vip"])
    }

    private func writtenRange(_ fields: ConfigValue) -> AddressRange? {
        guard let entry = fields.entry("subnet") else {
            fields.reportMissing("subnet", "10.0.100.0/24")
            return nil
        }
        let value = fields.value(of: entry)
        guard let range = ValueReader.addressRange.read(value) else { return nil }
        return range.isOneAddress ? value.mismatch("a range of addresses such as 10.0.100.0/24") : range
    }

    /// Returns the network of the gateway with the prefix length from `netmask`, or `nil` after reporting a problem.
    private func maskedRange(_ fields: ConfigValue) -> AddressRange? {
        guard let entry = fields.entry("netmask") else { return nil }
        guard !fields.has("subnet") else {
            fields.report("netmask", "says the same as 'subnet'", hint: "remove one")
            return nil
        }
        guard let gateway = fields.entry("gateway")?.value.string.flatMap({ IPAddress($0) }) else {
            fields.report(
                "netmask",
                "is the size of the network, and 'gateway' has no address in it",
                hint: "write gateway: ADDRESS, or subnet: ADDRESS/BITS instead"
            )
            return nil
        }
        let bits = Int(entry.value.content.scalarText.trimmingPrefix("/"))
        guard let bits, (1..<gateway.bytes.count * 8).contains(bits) else {
            return fields.value(of: entry).mismatch("the number of bits of the network, such as 24")
        }
        return AddressRange(gateway, bits)
    }
}
