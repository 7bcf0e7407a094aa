import Base

/// Reads the rule that chooses the node's address.
extension ClusterReader {
    /// Reports errors in the rule for all nodes.
    func checkAddressRule(_ fields: ConfigValue) {
        var (fields, cluster) = (fields, ClusterDeclaration())
        fields.variables = withoutReports.readVariables(for: [])
        _ = Self.nodeAddress.read(fields, into: &cluster)
    }

    /// Returns the address written for a node, `nil` if a rule chooses the address.
    func fixedAddress(of node: String?) -> Node? {
        addressNode(of: node).flatMap { $0.mapping == nil ? $0 : nil }
    }

    /// Returns the value of a node's key `address`.
    func addressNode(of node: String?) -> Node? {
        node.flatMap { nodeEntry(of: $0)?.value.mapping?["address"] }
    }

    /// Returns the address that a rule chooses for a node, or the reason why the address is missing.
    func addressValue(of node: String?) -> Variables.Value {
        guard usesAddressRules else {
            return .missing(message: "it is known only to the tasks of the node", hint: "write the address itself")
        }
        // A role without nodes is read as if this node had the role.
        let node = node ?? facts.hostName
        guard addressRuleEntry(of: node) != nil else {
            return .missing(
                message: "no rule chooses the address",
                hint: "write address: below \(node), or nodeAddress: {} below cluster:"
            )
        }
        return readAddressRule(of: node).map { facts.address.value($0) } ?? .broken
    }

    /// Returns the rule for a node, `nil` if the rule is missing or invalid.
    ///
    /// Errors in the rule are reported where its section is read.
    func readAddressRule(of node: String) -> AddressRule? {
        guard let entry = addressRuleEntry(of: node) else { return nil }
        let reader = withoutReports
        let variables = reader.readVariables(for: [])
        let fields = ConfigValue(node: entry.value, variables: variables, problems: reader.problems)
        return ValueReader<AddressRule>.addressRule.read(fields.value(of: entry))
    }

    /// Returns the entry with the rule of a single node, or else the rule of all nodes.
    private func addressRuleEntry(of node: String) -> Mapping.Entry? {
        let own = nodeEntry(of: node)?.value.mapping?.entries.first { $0.key == "address" && $0.value.mapping != nil }
        return own ?? files.cluster[Self.nodeAddress.name]
    }

    /// A copy of the reader that discards problems, for values with problems that are reported elsewhere.
    ///
    /// The copy has the same facts because no rule depends on the address.
    private var withoutReports: Self { Self(files, facts, ProblemCollector()) }
}
