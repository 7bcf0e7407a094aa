import Base
import YAML

/// The rule by which the address of the node is chosen.
extension ClusterReader {
    /// Reports the mistakes in the rule for all nodes.
    func checkAddressRule(_ fields: inout MappingReader) {
        let variables = fields.variables
        fields.variables = withoutReports.readVariables(for: nil)
        _ = fields.value(Keys.nodeAddress)
        fields.variables = variables
    }

    /// The rule for this node, `nil` if there is none or it has mistakes, which are reported where its section is read.
    func readAddressRule() -> AddressRule? {
        guard let entry = addressRuleEntry else { return nil }
        let reader = withoutReports
        var fields = MappingReader(
            [entry],
            at: entry.location,
            MappingName(),
            reader.readVariables(for: nil),
            reader.problems
        )
        return fields.value(entry.key == Keys.address.description.name ? Keys.address : Keys.nodeAddress)
    }

    /// What is known of this node's address with its rule, or why there is nothing.
    func addressValue() -> Variables.Value {
        guard addressRuleEntry != nil else {
            return .missing(message: "no rule chooses the address", hint: "write nodeAddress: {} below cluster:")
        }
        return readAddressRule().map { facts.address.value($0) } ?? .broken
    }

    /// The rule of this node alone, or else that of all nodes.
    private var addressRuleEntry: Mapping.Entry? {
        let own = files.nodes[facts.hostName]?.value.mapping?.entries.first { $0.key == Keys.address.description.name }
        return own ?? files.cluster[Keys.nodeAddress.description.name]
    }

    /// The same reader, for what another reading reports; no rule depends on the address.
    private var withoutReports: Self { Self(files, facts, ProblemCollector()) }
}
