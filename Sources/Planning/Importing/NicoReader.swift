public import Base

/// Reads the `cluster.nix` of the NICO operator, as the JSON that Nix prints for it.
///
/// The first control plane has the roles `control-plane` and `init`, the other control planes have `control-plane` and
/// `join`, and the workers have `worker`.
public func readNico(_ file: SourceFile) throws(Problems) -> ImportedCluster {
    let whole = SourceLocation(file: file.path)
    guard !file.path.hasSuffix(".nix") else {
        let print = shellLine(["nix-instantiate", "--eval", "--strict", "--json", file.path])
        let hint = "type \(print) > cluster.json, and import that file"
        throw Problems([Problem("a Nix file is imported as JSON", at: whole, hint: hint)])
    }
    let documents = try readDocuments(file.bytes, file: file.path, limits: .taskFile)
    guard documents.count == 1, let root = documents[0].root else {
        let hint = "write one value with name, vip, controlPlane and workers"
        throw Problems([Problem("the file does not have exactly one JSON value", at: whole, hint: hint)])
    }
    let problems = ProblemCollector()
    var reader = NicoReader(problems)
    reader.read(root)
    try problems.check()
    return reader.cluster
}

private struct NicoReader {
    private(set) var cluster = ImportedCluster()
    private let problems: ProblemCollector
    private var used: UsedValues

    init(_ problems: ProblemCollector) {
        self.problems = problems
        used = UsedValues(problems)
    }

    mutating func read(_ file: Node) {
        // In the NixOS module of the NICO operator, the cluster is the value of attribute `cluster`.
        let root = file["controlPlane"] == nil ? file["cluster"] ?? file : file
        let value = ConfigValue(node: root, subject: ValueName(owner: "the cluster"), problems: problems)
        guard let fields = value.mapping("a mapping with name, vip, controlPlane and workers") else { return }
        cluster.name = fields.required("name")?.string(expected: "the name of the cluster")
        if let vip = fields.entry("vip").map({ fields.value(of: $0) }) {
            cluster.virtualAddress = used.address(vip, of: "'vip'")
        }
        if let token = fields.entry("clusterToken") {
            let message = "'clusterToken' is a secret, and is not part of what is printed"
            let hint = "give it to the node as the file of a secret, such as the join token of examples/k3s"
            cluster.warnings.append(Problem(message, at: token.location, hint: hint))
        }
        let controlPlanes = fields.required("controlPlane")?.items(of: "nodes") ?? []
        if fields.entry("controlPlane")?.value.sequence?.isEmpty == true {
            fields.report("controlPlane", "has no node", hint: "write a node with name and ip")
        }
        for (index, item) in controlPlanes.enumerated() {
            readNode(item.node, "control plane", index + 1, ["control-plane", index == 0 ? "init" : "join"])
        }
        let workers = fields.entry("workers").flatMap { fields.value(of: $0).items(of: "nodes") } ?? []
        for (index, item) in workers.enumerated() { readNode(item.node, "worker", index + 1, ["worker"]) }
        fields.reportUnknownKeys(besides: ["clusterToken", "controlPlane", "name", "vip", "workers"])
        if cluster.virtualAddress != nil { cluster.setPriorities() }
    }

    private mutating func readNode(_ node: Node, _ kind: String, _ number: Int, _ roles: [String]) {
        let known = node["name"]?.string.flatMap { $0.isEmpty ? nil : quoted($0) }
        let owner = "\(kind) \(known ?? "\(number)")"
        let value = ConfigValue(node: node, subject: ValueName(owner: owner), problems: problems)
        guard let fields = value.mapping("a mapping with name and ip") else { return }
        let name = fields.required("name").flatMap { used.name($0) }
        let written = fields.required("ip")
        let isHostName = written.map { noteHostName($0) } ?? false
        let address = isHostName ? nil : written.flatMap { used.address($0, of: owner) }
        fields.reportUnknownKeys(besides: ["ip", "name"])
        guard let name, isHostName || address != nil else { return }
        cluster.nodes.append(.init(name: name, roles: roles, address: address))
    }

    /// Returns whether a value is a host name instead of an address, after adding a warning if it is.
    private mutating func noteHostName(_ value: ConfigValue) -> Bool {
        guard let text = value.node.string, text != "unknown", SubjectName.isHostName(text),
            text.split(separator: ".").last?.contains(where: \.isLetter) == true
        else { return false }
        let message = "\(value.label) is the host name \(quoted(text)), so the node has no address"
        let hint = "write the address, or nodeAddress: {} below cluster: if no other node needs it"
        cluster.warnings.append(Problem(message, at: value.node.location, hint: hint))
        return true
    }
}

extension ConfigValue {
    fileprivate func required(_ key: String) -> ConfigValue? {
        if let entry = entry(key) { return value(of: entry) }
        problems.add(location, "\(subject.label(key)) is missing", hint: "add it")
        return nil
    }
}
