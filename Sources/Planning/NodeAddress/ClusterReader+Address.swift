import Base

extension ClusterReader {
    /// Reports errors in the rule of section `cluster`.
    func checkAddressRule(_ fields: ConfigValue) {
        var (fields, cluster) = (fields, ClusterDeclaration())
        fields.variables = withoutReports.readVariables(for: [])
        _ = Self.nodeAddress.read(fields, into: &cluster)
    }

    /// Returns the address in the entry of a node, or `nil` if there is none or it is a rule.
    func fixedAddress(of node: String?) -> Node? {
        addressNode(of: node).flatMap { $0.mapping == nil ? $0 : nil }
    }

    /// Returns the value of key `address` in a node's entry, an address or a rule, or `nil` if it has none.
    func addressNode(of node: String?) -> Node? {
        node.flatMap { nodeEntry(of: $0)?.value.mapping?["address"] }
    }

    /// Returns the value of `node.address` for a node without a fixed address.
    func addressValue(of node: String?) -> Variables.Value {
        guard usesAddressRules else {
            return .missing(message: "it is known only to the tasks of the node", hint: "write the address itself")
        }
        // A role that no node has is read with the address of this node.
        let node = node ?? facts.hostName
        guard addressRuleEntry(of: node) != nil else {
            return .missing(
                message: "no rule chooses the address",
                hint: "write address: below \(node), or nodeAddress: {} below cluster:"
            )
        }
        return readAddressRule(of: node).map { facts.address.value($0) } ?? .broken
    }

    /// Returns the rule for a node, or `nil` if it has none or the rule has errors, which are reported elsewhere.
    func readAddressRule(of node: String) -> AddressRule? {
        guard let entry = addressRuleEntry(of: node) else { return nil }
        let reader = withoutReports
        let variables = reader.readVariables(for: [])
        let fields = ConfigValue(node: entry.value, variables: variables, problems: reader.problems)
        return ValueReader<AddressRule>.addressRule.read(fields.value(of: entry))
    }

    /// Returns the entry with the rule of the node, or else of the cluster, or `nil` if there is no rule.
    private func addressRuleEntry(of node: String) -> Mapping.Entry? {
        let own = nodeEntry(of: node)?.value.mapping?.entries.first { $0.key == "address" && $0.value.mapping != nil }
        return own ?? files.cluster[Self.nodeAddress.name]
    }

    /// A reader whose problems are discarded, for variables whose problems are reported elsewhere.
    ///
    /// It does not use address rules, so that no rule depends on the address that it chooses.
    private var withoutReports: Self { Self(files, facts, ProblemCollector()) }
}
