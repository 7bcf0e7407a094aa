import Base

/// The definition of a variable that joins a text for every node of a list.
struct NodeText {
    static let keys: [Key<Self>] = [
        Key("each", \.list, reader(.name("list of nodes"), listName), required: "cluster.controlPlanes")
            .meaning("the list of nodes"),
        Key("text", \.text, reader(.text) { $0.string(.content) == nil ? nil : $0.node }, required: "${node.address}")
            .meaning("written once for each of the nodes, with the variables that it has"),
        Key("separator", \.separator, reader(.text) { $0.string(.content, mayBeEmpty: true) }, default: "`,`")
            .meaning("written between the texts of two nodes"),
    ]

    private static func reader<Value>(
        _ type: ValueType,
        _ read: @escaping @Sendable (ConfigValue) -> Value?
    ) -> ValueReader<Value> {
        ValueReader(type: type, keepsVariables: true, read: read)
    }

    private(set) var list = ""
    /// The location of the value of `each`.
    private(set) var location = SourceLocation.nowhere
    /// The text for one node, before its variables are replaced.
    private(set) var text = Node.null()
    private(set) var separator = ","

    /// Returns whether the value of a variable is a mapping with one of the keys.
    static func isMeant(by node: Node) -> Bool { keys.contains { node.mapping?[$0.name] != nil } }

    /// Reads the definition of a variable, or returns `nil` after reporting its problems.
    init?(_ name: String, _ node: Node, _ problems: ProblemCollector) {
        let fields = ConfigValue(node: node, subject: ValueName(owner: "variable '\(name)'"), problems: problems)
        location = fields.location(ofKey: "each")
        guard fields.read(Self.keys, into: &self) else { return nil }
    }

    @Sendable private static func listName(_ value: ConfigValue) -> String? {
        let expected = "the name of a list of nodes such as cluster.controlPlanes"
        guard let text = value.string(expected: expected) else { return nil }
        guard isVariableName(text) else {
            let name = String(text.drop { "${".contains($0) }.prefix { $0 != "}" })
            return value.mismatch(expected, hint: isVariableName(name) ? value.write(name) : nil)
        }
        return text
    }
}

extension ValueReader where Value == IPAddress? {
    /// An address, or `nil` for a rule that chooses the address on the node.
    static var declaredAddress: Self {
        let rule = ValueReader<AddressRule>.addressRule
        return Self(type: .either([.address, rule.type])) { value in
            guard value.node.mapping == nil else { return rule.read(value).map { _ in nil } }
            return ValueReader<IPAddress>.address(", or a mapping such as {interfaces: [eth0]}").read(value)
        }
    }
}
