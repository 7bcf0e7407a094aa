public import Base
import YAML

/// Reads the `cluster.nix` of the NICO operator as JSON.
///
/// - Parameter file: The JSON that Nix prints for the file.
/// - Returns: The cluster. The first control plane has the roles `control-plane` and `init`, the other control planes
///   have `control-plane` and `join`, and the workers have `worker`.
/// - Throws: Every ``Base/Problem`` in the file.
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

/// The reader of one `cluster.nix`.
private struct NicoReader {
    private(set) var cluster = ImportedCluster()
    private let problems: ProblemCollector
    private var used: UsedValues

    init(_ problems: ProblemCollector) {
        self.problems = problems
        used = UsedValues(problems)
    }

    mutating func read(_ file: Node) {
        // The NICO operator writes a NixOS module that contains the cluster in an attribute.
        let root = file["controlPlane"] == nil ? file["cluster"] ?? file : file
        guard root.mapping != nil else {
            problems.add(
                root.location,
                "the cluster must be an attribute set, found \(describe(root))",
                hint:
                    "write { name = \"NAME\"; vip = \"ADDRESS\"; controlPlane = [ { name = \"cp-01\"; ip = \"ADDRESS\"; } ]; }"
            )
            return
        }
        let fields = ConfigValue(node: root, subject: ValueName(owner: "the cluster"), problems: problems)
        cluster.name = take("name", fields)?.string(expected: "the name of the cluster")
        let address = fields.has("vip") ? take("vip", fields) : nil
        cluster.virtualAddress = address.flatMap(ValueReader.address().read)
        if let found = cluster.virtualAddress, let address {
            used.add(found, of: "'vip'", at: address.node.location)
        }
        if let token = fields.entry("clusterToken") {
            let hint = "give it to the node as the file of a secret, such as the join token of examples/k3s"
            cluster.warnings.append(
                Problem(
                    "'clusterToken' is a secret, and is not part of what is printed",
                    at: token.location,
                    hint: hint
                )
            )
        }
        readNodes("controlPlane", "control plane", fields, isRequired: true)
        readNodes("workers", "worker", fields, isRequired: false)
        fields.reportUnknownKeys(besides: ["clusterToken", "controlPlane", "name", "vip", "workers"])
        if cluster.virtualAddress != nil { cluster.setPriorities() }
    }

    /// Reads a list of nodes.
    private mutating func readNodes(
        _ key: String,
        _ kind: String,
        _ fields: ConfigValue,
        isRequired: Bool,
    ) {
        guard isRequired || fields.has(key) else { return }
        guard let value = take(key, fields), let items = value.items(of: "nodes") else { return }
        if isRequired, items.isEmpty {
            problems.add(
                value.node.location,
                "'\(key)' has no node",
                hint: "write { name = \"cp-01\"; ip = \"ADDRESS\"; }"
            )
        }
        if isRequired, items.count > ImportedCluster.controlPlaneLimit {
            let limit = ImportedCluster.controlPlaneLimit
            problems.add(value.node.location, "'\(key)' has \(items.count) nodes, more than \(limit)")
        }
        for (index, item) in items.enumerated() {
            let roles = isRequired ? ["control-plane", index == 0 ? "init" : "join"] : ["worker"]
            readNode(item.node, kind, index + 1, roles)
        }
    }

    private mutating func readNode(_ node: Node, _ kind: String, _ number: Int, _ roles: [String]) {
        let known = node["name"]?.string.flatMap { $0.isEmpty ? nil : quoted($0) }
        let owner = "\(kind) \(known ?? "\(number)")"
        guard node.mapping != nil else {
            problems.add(
                node.location,
                "\(kind) \(number) must be an attribute set with name and ip, found \(describe(node))",
                hint: "write { name = \"NAME\"; ip = \"ADDRESS\"; }"
            )
            return
        }
        let fields = ConfigValue(node: node, subject: ValueName(owner: owner), problems: problems)
        let named = take("name", fields)
        let name = named.flatMap(ValueReader.nodeName.read)
        if let name, let named { used.add(name, at: named.node.location) }
        let written = take("ip", fields)
        let isHostName = written.map { noteHostName($0) } ?? false
        let address = isHostName ? nil : written.flatMap(ValueReader.address().read)
        if let address, let written {
            used.add(address, of: owner, at: written.node.location)
        }
        fields.reportUnknownKeys(besides: ["ip", "name"])
        guard let name, isHostName || address != nil else { return }
        cluster.nodes.append(.init(name: name, roles: roles, address: address))
    }

    /// Adds a warning if a value is a host name, which NICO writes for a machine with an unknown address.
    ///
    /// - Returns: Whether the value is a host name.
    private mutating func noteHostName(_ value: ConfigValue) -> Bool {
        guard let text = value.node.string, text != "unknown", SubjectName.isHostName(text),
            text.split(separator: ".").last?.contains(where: \.isLetter) == true
        else { return false }
        let message = "\(value.label) is the host name \(quoted(text)), so the node has no address"
        let hint = "write the address, or nodeAddress: {} below cluster: if no other node needs it"
        cluster.warnings.append(Problem(message, at: value.node.location, hint: hint))
        return true
    }

    /// Returns the value of a required key, or `nil` after reporting that the key is missing.
    private func take(_ key: String, _ fields: ConfigValue) -> ConfigValue? {
        guard let entry = fields.entry(key) else {
            problems.add(fields.location, "\(fields.subject.label(key)) is missing", hint: "add it")
            return nil
        }
        // Hints omit the key because its notation depends on the format.
        return ConfigValue(node: entry.value, subject: fields.subject.below(key), problems: problems)
    }
}
