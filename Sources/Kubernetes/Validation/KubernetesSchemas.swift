import Base

/// The built-in schemas of the kinds of one version of Kubernetes.
///
/// The text has a line for the version, one for each kind and one for each definition. The source is the OpenAPI
/// document: https://github.com/kubernetes/kubernetes/tree/master/api/openapi-spec
final class KubernetesSchemas: Sendable {
    static let own = KubernetesSchemas(kubernetesSchemaText())

    /// The version of Kubernetes, such as `1.36`.
    let version: String

    /// The names of the definitions of kinds.
    private let kinds: [GroupVersionKind: String]
    /// The JSON of the definitions.
    private let texts: [String: ArraySlice<UInt8>]
    /// The definitions that have been parsed.
    private let nodes = Locked<[String: Node]>([:])

    /// Reads the lines; the JSON of a definition is parsed when it is first needed.
    private init(_ text: [UInt8]) {
        var version = ""
        var kinds: [GroupVersionKind: String] = [:]
        var texts: [String: ArraySlice<UInt8>] = [:]
        for line in text.split(separator: UInt8(ascii: "\n")) {
            let words = line.split(separator: UInt8(ascii: " "), maxSplits: 3)
            func word(_ index: Int) -> String { String(decoding: words[index], as: UTF8.self) }
            switch word(0) {
            case "version": version = word(1)
            case "kind": kinds[GroupVersionKind(apiVersion: word(1), kind: word(2))] = word(3)
            default: texts[word(1)] = words[2]
            }
        }
        (self.version, self.kinds, self.texts) = (version, kinds, texts)
    }

    /// Returns the schema of a kind, or `nil` if Kubernetes does not have the kind.
    func schema(of type: GroupVersionKind) -> Schema? { kinds[type].flatMap(definition) }

    /// The schema of the `metadata` of all kinds.
    var metadata: Schema? { definition("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta") }

    func kinds(in apiVersion: String) -> [String] {
        kinds.keys.filter { $0.apiVersion == apiVersion }.map(\.kind).sorted()
    }

    /// Returns the API versions that have a kind: those in `group` if it has the kind, otherwise those in all groups.
    func apiVersions(ofKind kind: String, in group: String) -> [String] {
        let types = kinds.keys.filter { $0.kind == kind }
        let own = types.filter { $0.group == group }
        return (own.isEmpty ? types : own).map(\.apiVersion).sorted()
    }

    /// Returns a definition by its name in `$ref`.
    func definition(_ name: String) -> Schema? {
        if let known = nodes.withLock({ $0[name] }) { return Schema(node: known) }
        guard let text = texts[name], let node = try? readJSON(Array(text), file: "") else { return nil }
        nodes.withLock { $0[name] = node }
        return Schema(node: node)
    }
}
