public import Base

/// A cluster described by the inventory of another tool.
public struct ImportedCluster: Sendable {
    /// One node.
    struct Node {
        let name: String

        /// The roles, the first of which is the variable `node.role`.
        var roles: [String]
        /// The address, `nil` if the inventory does not contain it.
        let address: IPAddress?

        /// The variables set for this node, without duplicates.
        ///
        /// A whole number becomes a number of the task file, any other value a string.
        var variables: [(name: String, value: String)] = []

        /// Sets a variable unless the node already has it.
        mutating func set(_ name: String, _ value: String) {
            if !variables.contains(where: { $0.name == name }) { variables.append((name, value)) }
        }
    }

    /// The cluster's name, if the inventory has one.
    var name: String?

    /// The virtual IP address of the control planes, if there is one.
    var virtualAddress: IPAddress?

    /// The nodes, in the order of the inventory.
    var nodes: [Node] = []

    /// Warnings about values of the inventory that are not part of the drop-in, with hints.
    public internal(set) var warnings: [Problem] = []

    private var controlPlanes: [Int] { nodes.indices.filter { nodes[$0].roles.contains("control-plane") } }

    /// Sets the VRRP state and priority of every control plane: 150 for the first, one less for each following node, at least 1.
    mutating func setPriorities() {
        for (position, index) in controlPlanes.enumerated() {
            nodes[index].set("state", position == 0 ? "MASTER" : "BACKUP")
            nodes[index].set("priority", "\(max(150 - position, 1))")
        }
    }

    /// Sets the VRRP password of every control plane, if the cluster has a name and a virtual IP address.
    ///
    /// - Parameter digest: A function that returns the SHA-256 digest of bytes in lower-case hexadecimal digits.
    public mutating func setPassword(digest: ([UInt8]) -> String) {
        guard let name, virtualAddress != nil else { return }
        let password = String(digest(Array(name.utf8)).prefix(8))
        for index in controlPlanes { nodes[index].set("vrrpPassword", password) }
    }

    /// Formats the cluster as a drop-in of the task file.
    ///
    /// - Parameter call: The command line that imports the inventory, for the comment at the beginning.
    /// - Returns: The content of the drop-in.
    public func dropIn(madeBy call: [String]) -> String {
        let maker = printable(quotedShellLine(call))
        var lines = ["# Made by \(maker). To change it, change the inventory and import it again."]
        let sections = [("name", name.map(flowText)), ("vip", virtualAddress.map { flowText("\($0)") })]
        let entries = sections.compactMap { key, value in value.map { "  \(key): \($0)" } }
        if !entries.isEmpty { lines += ["cluster:"] + entries }
        lines.append("nodes:")
        lines += nodes.flatMap(\.lines)
        return lines.map { $0 + "\n" }.joined()
    }
}

extension ImportedCluster.Node {
    /// The node in YAML: one line, or one line for each variable if a single line would be too long to read.
    fileprivate var lines: [String] {
        let role = roles.count == 1 ? "role: \(flowText(roles[0]))" : "roles: [\(roles.joined(separator: ", "))]"
        let keys = [role] + (address.map { ["address: \(flowText("\($0)"))"] } ?? [])
        let texts = variables.map { "\(flowText($0.name)): \(isWholeNumber($0.value) ? $0.value : flowText($0.value))" }
        let all = keys + (texts.isEmpty ? [] : ["variables: {\(texts.joined(separator: ", "))}"])
        let line = "  \(flowText(name)): {\(all.joined(separator: ", "))}"
        guard line.count > 120 else { return [line] }
        let variables = texts.isEmpty ? [] : ["    variables:"] + texts.map { "      \($0)" }
        return ["  \(flowText(name)):"] + keys.map { "    \($0)" } + variables
    }
}

/// Returns whether a text is a whole number in canonical form, so that writing it as a YAML number does not change it.
private func isWholeNumber(_ text: String) -> Bool {
    text == "0" || (1...18).contains(text.utf8.count) && text.utf8.allSatisfy(\.isDigit) && !text.hasPrefix("0")
}

/// Returns a string as YAML for a mapping in braces, in quotes unless the string is a plain word or an IPv4 address.
private func flowText(_ text: String) -> String {
    // A '${' in an inventory is literal and must not become a variable of the task file.
    let text = text.replacing("${", with: "$${")
    let isWord =
        text.utf8.first?.isLetter == true
        && text.utf8.allSatisfy { $0.isLetter || $0.isDigit || "-_.".utf8.contains($0) }
        && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(text.lowercased())
    let isAddress = !text.utf8.contains(UInt8(ascii: ":")) && IPAddress(text) != nil
    return isWord || isAddress ? text : String(decoding: Node.string(text).json(), as: UTF8.self)
}

/// The names and addresses already used in an inventory.
struct UsedValues {
    private var places: [String: SourceLocation] = [:]
    private let problems: ProblemCollector

    init(_ problems: ProblemCollector) { self.problems = problems }

    /// Reads the name of a node, and reports a name that is already used.
    mutating func name(_ value: ConfigValue) -> String? {
        let name = ValueReader<String>.nodeName.read(value)
        if let text = value.node.string { add("name \(quoted(text))", at: value.node.location) }
        return name
    }

    /// Reads an address, and reports an address that is already used.
    mutating func address(_ value: ConfigValue, of owner: String) -> IPAddress? {
        let address = ValueReader<IPAddress>.address.read(value)
        if let address { add("address \(address)", of: " of \(owner)", at: value.node.location) }
        return address
    }

    private mutating func add(_ text: String, of owner: String = "", at location: SourceLocation) {
        guard let first = places[text] else {
            places[text] = location
            return
        }
        let message = "\(text)\(owner) is used twice, the first time at \(first)"
        problems.add(location, message, hint: "write another one")
    }
}

extension ValueReader where Value == String {
    /// The name of a node, in the format that Kubernetes allows.
    fileprivate static var nodeName: Self {
        string(
            "a host name of lower-case letters, digits, '-' and '.'",
            where: { isNodeName($0) },
            meant: { text in
                let meant = text.lowercased().replacing("_", with: "-")
                return isNodeName(meant) ? meant : nil
            }
        )
    }
}
