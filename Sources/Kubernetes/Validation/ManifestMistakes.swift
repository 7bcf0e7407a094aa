import Base
import YAML

/// How many mistakes a document of a manifest has, by which a reader chooses between corrections of its text.
enum ManifestMistakes {
    /// Counts the mistakes of an object that its fields show: what every object has, and what the schema of its kind says.
    ///
    /// Of a kind that Kubernetes does not have, only what every object has counts. Lists are counted by their items.
    @Sendable
    static func count(in node: Node) -> Int {
        if let items = node["items"]?.sequence, node["kind"]?.string?.hasSuffix("List") == true {
            return items.reduce(0) { $0 + count(in: $1) }
        }
        guard let identity = try? ObjectIdentity(written: node, documentIndex: 1) else { return unidentified }
        let type = identity.type
        guard let newest = KubernetesSchemas.own.versions(of: type).last,
            let schema = KubernetesSchemas.own.schema(of: type, in: newest)
        else { return 0 }
        return SchemaCheck(node, of: type, against: schema, rules: .builtIn(nil)).faults.count
    }

    /// The number of mistakes of a document that is not an object.
    private static let unidentified = 1
}
