public import Base
import YAML

/// Reads the plans of a k3s cluster on NixOS: `hosts.csv`, `k3s.csv` and `network.yaml`.
///
/// - Parameters:
///   - hosts: The table of machines, `nil` if it could not be read.
///   - k3s: The table of servers and agents, `nil` if it could not be read.
///   - network: The values of the network, `nil` if they could not be read.
///   - unreadable: Problems with files that could not be read.
/// - Returns: The cluster, with a node for every host.
/// - Throws: Every ``Base/Problem`` in the files.
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

/// The reader of one set of plans.
struct PlansReader {
    /// The parts of the cluster read so far.
    var cluster = ImportedCluster()
    /// The network that must contain all addresses, if it is known.
    var subnet: AddressRange?
    /// The variables that `network.yaml` sets for all nodes.
    var networkVariables: [ImportedCluster.Variable] = []
    /// The names and addresses used so far.
    var used: UsedValues
    /// The collector to which problems are reported.
    let problems: ProblemCollector

    /// The names of all hosts, including hosts with errors.
    private var hostNames: Set<String> = []
    /// The positions of nodes by host name.
    private var positions: [String: Int] = [:]
    /// Whether every line of `hosts.csv` was read and all hosts are therefore known.
    private var hasAllHosts = false
    /// The locations of the servers and agents in `k3s.csv`.
    private var members: [Member: SourceLocation] = [:]

    /// A server or an agent on a host.
    private struct Member: Hashable {
        let host: String
        let kind: String
    }

    /// The columns of `hosts.csv`.
    private static let hostColumns = ["name", "interface", "ip", "admin"]
    /// The columns of `k3s.csv`.
    private static let memberColumns = ["host", "name", "type", "ip"]
    /// The types in `k3s.csv`.
    private static let types = ["init-server", "server", "agent"]

    /// Other spellings of `init-server`.
    private static let initWords = ["init", "init_server"]

    /// The words for an address that a host obtains when it starts.
    private static let dynamicWords = ["dhcp", "automatic", "auto", "dynamic"]

    /// The words for the local machine as a deployment target.
    private static let localWords = ["local", "self", "this", "127.0.0.1"]

    init(_ problems: ProblemCollector) {
        self.problems = problems
        used = UsedValues(problems)
    }

    // MARK: hosts.csv

    /// Reads the table of machines.
    mutating func readHosts(_ file: SourceFile) {
        guard let table = PlanTable(file, needed: Self.hostColumns, problems) else { return }
        hasAllHosts = table.hasAllLines
        if table.rows.isEmpty, hasAllHosts {
            problems.add(
                table.location,
                "no host is listed",
                hint: "write a line below the names of the columns"
            )
        }
        for row in table.rows {
            guard !problems.isFull(at: row.location) else { return }
            readHost(row)
        }
    }

    private mutating func readHost(_ row: PlanTable.Row) {
        let named = row.lowercased("name")
        let owner = named.map { "host \(quoted($0.node.string ?? ""))" } ?? "a host"
        let name = named.flatMap(ValueReader.nodeName.read)
        if let named, let text = named.node.string {
            used.add(text, at: named.node.location)
            hostNames.insert(text)
        }
        let written = hostAddress(row, of: owner)
        let interface = row["interface"].flatMap(ValueReader.interfaceName.read)
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

    // MARK: k3s.csv

    /// Reads the table of servers and agents.
    mutating func readMembers(_ file: SourceFile) {
        guard let table = PlanTable(file, needed: Self.memberColumns, problems) else { return }
        var first: SourceLocation?
        var hasUnknownType = !table.isComplete
        for row in table.rows {
            guard !problems.isFull(at: row.location) else { return }
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
            let message = "no server has type 'init-server'"
            problems.add(
                table.location,
                message,
                hint: "write it for the server that begins the cluster"
            )
        }
    }

    private mutating func readMember(_ row: PlanTable.Row, _ type: String?) {
        let kind = type.map { $0 == "agent" ? "agent" : "server" }
        let named = row.lowercased("name")
        let owner = named.map { "\(kind ?? "member") \(quoted($0.node.string ?? ""))" } ?? "a member"
        let name = named.flatMap(ValueReader.nodeName.read)
        if let named, let text = named.node.string { used.add(text, at: named.node.location) }
        let address = address(row, of: owner)
        let others = row.others
        // If some lines of hosts.csv could not be read, one of these lines may list the host.
        guard let value = row.lowercased("host"), hasAllHosts, let host = value.node.string,
            isListed(host, at: value.node.location), let kind
        else { return }
        if let first = members[Member(host: host, kind: kind)] {
            problems.add(
                value.node.location,
                "host \(quoted(host)) has two \(kind)s, the first one at \(first)",
                hint: "a host runs at most one server and one agent"
            )
            return
        }
        members[Member(host: host, kind: kind)] = value.node.location
        guard let name, let address, let index = positions[host] else { return }
        let roles = kind == "agent" ? ["worker"] : ["control-plane", type == "init-server" ? "init" : "join"]
        // If a host is both a control plane and a worker, `control-plane` comes first, whatever the order of the lines.
        let present = cluster.nodes[index].roles
        cluster.nodes[index].roles = kind == "agent" ? present + roles : roles + present
        cluster.nodes[index].set("k3s.\(kind).name", name)
        cluster.nodes[index].set("k3s.\(kind).address", "\(address)")
        for (column, text) in others { cluster.nodes[index].set("k3s.\(kind).\(column)", text) }
    }

    /// Returns whether `hosts.csv` lists a host, and reports a host that is not listed.
    private func isListed(_ host: String, at location: SourceLocation) -> Bool {
        guard !hostNames.contains(host) else { return true }
        let hint = problems.hint(for: host, in: hostNames.sorted(), else: "add it to hosts.csv")
        problems.add(location, "no host of hosts.csv is named \(quoted(host))", hint: hint)
        return false
    }

    /// Reads the address and deployment target of a host from `ADDRESS`, `ADDRESS@TARGET` or `dhcp@TARGET`.
    ///
    /// - Returns: The address and the target, each `nil` if it is not given, or `nil` after reporting a problem.
    private mutating func hostAddress(
        _ row: PlanTable.Row,
        of owner: String
    ) -> (address: IPAddress?, target: String?)? {
        guard let value = row["ip"] else { return nil }
        let parts = (value.node.string ?? "").split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        var target = parts.count > 1 ? String(parts[1]) : nil
        if let written = target, Self.localWords.contains(written.lowercased()) { target = "localhost" }
        if let written = target, IPAddress(written) == nil, !SubjectName.isHostName(written) {
            return value.mismatch("an address, perhaps with '@' and the address or host name that is deployed to")
        }
        let isOnlyTarget = parts.count > 1 && parts[0].isEmpty
        guard !isOnlyTarget, !Self.dynamicWords.contains((parts.first ?? "").lowercased()) else {
            let message = "\(owner) has a dynamic address, so the node has none"
            let hint = "write nodeAddress: {} below cluster: in the task file if its tasks need the address"
            cluster.warnings.append(Problem(message, at: value.node.location, hint: hint))
            return (nil, target)
        }
        return self.address(row, of: owner).map { ($0, target) }
    }

    // MARK: both tables

    /// Reads the address of a line, or returns `nil` after reporting a problem.
    private mutating func address(_ row: PlanTable.Row, of owner: String) -> IPAddress? {
        guard let written = row["ip"] else { return nil }
        // The part after '@' is a deployment target, which is allowed only in `hosts.csv`.
        let parts = (written.node.string ?? "").split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        let text = parts.first.map(String.init) ?? ""
        var value = written
        value.node = .string(text, location: written.node.location)
        guard let address = ValueReader.address().read(value) else { return nil }
        let location = value.node.location
        used.add(address, of: owner, at: location)
        checkIsInNetwork(address, of: owner, at: location)
        return address
    }

    /// Returns the complete cluster; called only if there were no problems.
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

extension ProblemCollector {
    /// Returns whether there are too many problems to continue with a table, and reports that the limit is reached.
    fileprivate func isFull(at location: SourceLocation) -> Bool {
        guard all.count >= Limit.tableProblemCount else { return false }
        add(
            location,
            "too many problems: the limit is \(Limit.tableProblemCount)",
            hint: "correct those before this line first"
        )
        return true
    }
}

/// Reads the file `network.yaml`.
extension PlansReader {
    /// Reads the values of the network.
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
            problems.add(
                roots[1].location,
                "the file has more than one YAML document",
                hint: "remove the line ---"
            )
        }
        let root = roots.first ?? .null(location: SourceLocation(file: file.path))
        guard let mapping = root.isNull ? Mapping() : root.mapping else {
            let message = "network.yaml must be a mapping, found \(describe(root))"
            problems.add(root.location, message, hint: "write subnet: 10.0.100.0/24")
            return
        }
        let entries = mapping.entries.map { entry in
            Mapping.Entry(key: entry.key, location: entry.location, value: trimmedStrings(entry.value))
        }
        let fields = ConfigValue(entries, at: root.location, ValueName(owner: "network.yaml"), Variables(), problems)
        readSubnet(fields)
        readGateway(fields)
        readNameservers(fields)
        if let (address, location) = address("vip", fields) {
            cluster.virtualAddress = address
            used.add(address, of: "'vip'", at: location)
            checkIsInNetwork(address, of: "'vip'", at: location)
        }
        if let entry = fields.entry("name") {
            cluster.name = fields.value(of: entry).string(expected: "the name of the cluster")
        }
        fields.reportUnknownKeys(besides: ["gateway", "name", "nameservers", "netmask", "subnet", "vip"])
    }

    private mutating func readSubnet(_ fields: ConfigValue) {
        guard let range = fields.has("netmask") ? maskedRange(fields) : writtenRange(fields) else { return }
        subnet = range
        set("subnet", "\(range)")
        set("prefixLength", "\(range.prefixLength)")
    }

    private func writtenRange(_ fields: ConfigValue) -> AddressRange? {
        guard let entry = fields.entry("subnet") else {
            fields.reportMissing("subnet", "10.0.100.0/24")
            return nil
        }
        let value = fields.value(of: entry)
        guard let range = ValueReader.addressRange.read(value) else { return nil }
        guard !range.isOneAddress else { return value.mismatch("a range of addresses such as 10.0.100.0/24") }
        return range
    }

    /// Returns the network of the gateway, with the prefix length from `netmask`.
    private func maskedRange(_ fields: ConfigValue) -> AddressRange? {
        guard let entry = fields.entry("netmask") else { return nil }
        if let other = fields.entry("subnet") {
            let label = fields.subject.label("netmask")
            problems.add(
                other.location,
                "\(label) says the same as 'subnet'",
                hint: "remove one"
            )
            return nil
        }
        let value = fields.value(of: entry)
        let text = value.node.content.scalarText
        guard let gateway = fields.entry("gateway")?.value.string,
            let address = IPAddress(gateway)
        else {
            let message = "\(value.label) is the size of the network, and 'gateway' has no address in it"
            problems.add(
                value.node.location,
                message,
                hint: "write gateway: ADDRESS, or subnet: ADDRESS/BITS instead"
            )
            return nil
        }
        let bits = Int(text.trimmingPrefix("/"))
        guard let bits, (1..<address.bytes.count * 8).contains(bits) else {
            return value.mismatch("the number of bits of the network, such as 24")
        }
        return AddressRange(address, bits)
    }

    private mutating func readGateway(_ fields: ConfigValue) {
        guard let (address, location) = address("gateway", fields) else { return }
        used.add(address, of: "'gateway'", at: location)
        checkIsInNetwork(address, of: "'gateway'", at: location)
        set("gateway", "\(address)")
    }

    private mutating func readNameservers(_ fields: ConfigValue) {
        guard let entry = fields.entry("nameservers"),
            let items = fields.value(of: entry).items(of: "IP addresses", limit: Limit.nameserverCount)
        else { return }
        let addresses = items.compactMap(ValueReader.address().read)
        if !addresses.isEmpty { set("nameservers", addresses.map(\.description).joined(separator: ",")) }
    }

    private mutating func set(_ name: String, _ value: String) {
        networkVariables.append(.init(name: name, value: value))
    }

    private func address(_ key: String, _ fields: ConfigValue) -> (IPAddress, SourceLocation)? {
        guard let entry = fields.entry(key), let address = ValueReader.address().read(fields.value(of: entry)) else {
            return nil
        }
        return (address, entry.value.location)
    }

    /// Returns a node with the whitespace around its strings removed, as in the CSV tables.
    private func trimmedStrings(_ node: Node) -> Node {
        var node = node
        switch node.content {
        case .string(let text): node.content = .string(trimmed(text.unicodeScalars))
        case .sequence(let items): node.content = .sequence(items.map(trimmedStrings))
        case .null, .boolean, .number, .mapping: break
        }
        return node
    }

    /// Reports an address that no machine in the network can have.
    func checkIsInNetwork(_ address: IPAddress, of owner: String, at location: SourceLocation) {
        guard let subnet, !subnet.contains(address) else { return }
        problems.add(
            location,
            "address \(address) of \(owner) is outside of the network \(subnet)",
            hint: "write an address of the network, or correct 'subnet' in network.yaml"
        )
    }
}
