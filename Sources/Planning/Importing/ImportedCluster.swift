public import Base
import YAML

/// A cluster described by the inventory of another tool.
public struct ImportedCluster: Sendable, Hashable {
    /// One node.
    public struct Node: Sendable, Hashable {
        /// The host name.
        public var name: String

        /// The roles, the first of which is the variable `node.role`.
        public var roles: [String]
        /// The address, `nil` if the inventory does not contain it.
        public var address: IPAddress?

        /// The variables set for this node, without duplicates.
        public private(set) var variables: [Variable] = []

        /// Creates a node without variables.
        init(name: String, roles: [String], address: IPAddress?) {
            (self.name, self.roles, self.address) = (name, roles, address)
        }

        /// Sets a variable unless the node already has it.
        mutating func set(_ name: String, _ value: String) {
            guard !variables.contains(where: { $0.name == name }) else { return }
            variables.append(Variable(name: name, value: value))
        }
    }

    /// A variable of a node.
    public struct Variable: Sendable, Hashable {
        public var name: String

        /// The value; a whole number becomes a number of the task file, anything else a string.
        public var value: String
    }

    /// The cluster's name, if the inventory has one.
    public var name: String?

    /// The virtual IP address of the control planes, if there is one.
    public var virtualAddress: IPAddress?

    /// The nodes, in the order of the inventory.
    public var nodes: [Node] = []

    /// Warnings about values of the inventory that are not part of the drop-in, with hints.
    public var warnings: [Problem] = []

    private var controlPlanes: [Int] { nodes.indices.filter { nodes[$0].roles.contains("control-plane") } }

    /// Sets the VRRP state and priority of every control plane: 150 for the first, one less for each following node.
    mutating func setPriorities() {
        for (position, index) in controlPlanes.enumerated() {
            nodes[index].set("state", position == 0 ? "MASTER" : "BACKUP")
            nodes[index].set("priority", "\(150 - position)")
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

    /// The maximum number of control planes for which VRRP priorities are available.
    static let controlPlaneLimit = 149

    /// Formats the cluster as a drop-in of the task file.
    ///
    /// - Parameters:
    ///   - call: The command line that imports the inventory, for the comment at the beginning.
    ///   - file: The path of the inventory, for a problem.
    /// - Returns: The content of the drop-in.
    /// - Throws: ``Base/Problems`` if the drop-in exceeds the size limit of a task file.
    public func dropIn(madeBy call: [String], from file: String) throws(Problems) -> String {
        let maker = printable(quotedShellLine(call))
        var lines = ["# Made by \(maker). To change it, change the inventory and import it again."]
        let sections = [("name", name.map(flowText)), ("vip", virtualAddress.map { flowText("\($0)") })]
        let entries = sections.compactMap { key, value in value.map { "  \(key): \($0)" } }
        if !entries.isEmpty { lines += ["cluster:"] + entries }
        lines.append("nodes:")
        lines += nodes.flatMap(\.lines)
        let text = lines.map { $0 + "\n" }.joined()
        guard text.utf8.count <= SizeLimit.configuration else {
            let size = byteText(SizeLimit.configuration)
            let message = "the nodes would need a drop-in of more than \(size), the limit of a task file"
            throw Problems([
                Problem(message, at: SourceLocation(file: file), hint: "import fewer columns or nodes")
            ])
        }
        return text
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

/// The text of an inventory file, which must be UTF-8 without null bytes.
struct ImportedText {
    /// The characters, without a byte-order mark.
    let text: String

    /// Checks the bytes of a file.
    init(_ file: SourceFile) throws(Problem) {
        guard let text = String(validating: file.bytes, as: UTF8.self), !text.utf8.contains(0) else {
            throw Problem(
                "the file is no text in UTF-8",
                at: SourceLocation(file: file.path),
                hint: "convert it, such as with 'iconv -f LATIN1 -t UTF-8' or 'iconv -f UTF-16 -t UTF-8'"
            )
        }
        let mark: Unicode.Scalar = "\u{feff}"
        self.text = text.unicodeScalars.first == mark ? String(text.unicodeScalars.dropFirst()) : text
    }
}
