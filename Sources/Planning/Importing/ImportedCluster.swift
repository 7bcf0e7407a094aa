public import Base

/// A cluster that was read from the inventory of another tool.
public struct ImportedCluster: Sendable {
    struct Node {
        let name: String

        /// The roles, the first of which is the variable `node.role`.
        var roles: [String]
        let address: IPAddress?

        /// The variables of the node; use ``set(_:_:)``, which keeps their names unique.
        var variables: [(name: String, value: String)] = []

        /// Sets a variable, unless the node already has it.
        mutating func set(_ name: String, _ value: String) {
            if !variables.contains(where: { $0.name == name }) { variables.append((name, value)) }
        }
    }

    var name: String?

    /// The virtual IP address of the control planes.
    var virtualAddress: IPAddress?

    /// The nodes, in the order in which they were read.
    var nodes: [Node] = []

    /// Warnings about values of the inventory that are not in the drop-in.
    public internal(set) var warnings: [Problem] = []

    private var controlPlanes: [Int] { nodes.indices.filter { nodes[$0].roles.contains("control-plane") } }

    /// Sets missing VRRP states and priorities of the control planes.
    ///
    /// Priorities are 150, 149 and so on, at least 1.
    mutating func setPriorities() {
        for (position, index) in controlPlanes.enumerated() {
            nodes[index].set("state", position == 0 ? "MASTER" : "BACKUP")
            nodes[index].set("priority", "\(max(150 - position, 1))")
        }
    }

    /// Sets the missing VRRP passwords of the control planes if the cluster has a name and a virtual IP address.
    ///
    /// `digest` returns the SHA-256 digest in lower-case hexadecimal.
    public mutating func setPassword(digest: ([UInt8]) -> String) {
        guard let name, virtualAddress != nil else { return }
        let password = String(digest(Array(name.utf8)).prefix(8))
        for index in controlPlanes { nodes[index].set("vrrpPassword", password) }
    }

    /// Returns the cluster as a drop-in; its first line is a comment with the command line that created it.
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
    /// The node in YAML on one line or, if that is too long, with each key and variable on its own line.
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

/// Returns whether a text is a whole number of at most 18 digits without leading zeros.
private func isWholeNumber(_ text: String) -> Bool {
    text == "0" || (1...18).contains(text.utf8.count) && text.utf8.allSatisfy(\.isDigit) && !text.hasPrefix("0")
}

/// Returns a string for a YAML flow mapping, in quotes unless it is a plain word or an IPv4 address.
private func flowText(_ text: String) -> String {
    // An inventory has no variables, so '${' is literal.
    let text = text.replacing("${", with: "$${")
    let isWord =
        text.utf8.first?.isLetter == true
        && text.utf8.allSatisfy { $0.isLetter || $0.isDigit || "-_.".utf8.contains($0) }
        && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(text.lowercased())
    let isAddress = !text.utf8.contains(UInt8(ascii: ":")) && IPAddress(text) != nil
    return isWord || isAddress ? text : String(decoding: Node.string(text).json(), as: UTF8.self)
}

/// A reader of names and addresses, each of which may occur only once in an inventory.
struct UsedValues {
    private var places: [String: SourceLocation] = [:]
    private let problems: ProblemCollector

    init(_ problems: ProblemCollector) { self.problems = problems }

    mutating func name(_ value: ConfigValue) -> String? {
        let name = ValueReader<String>.nodeName.read(value)
        if let text = value.node.string { add("name \(quoted(text))", at: value.node.location) }
        return name
    }

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
