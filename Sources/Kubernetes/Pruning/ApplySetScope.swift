import YAML

/// Where the members of an ApplySet are: the kinds and namespaces that its parent lists.
struct ApplySetScope: Sendable, Hashable {
    static let kindsAnnotation = "applyset.kubernetes.io/contains-group-kinds"
    static let namespacesAnnotation = "applyset.kubernetes.io/additional-namespaces"

    /// The kinds of members.
    var kinds: Set<DefinedKind> = []

    /// The namespaces of members, without that of the parent, which always belongs to them.
    private(set) var namespaces: Set<String> = []

    /// Creates an empty scope.
    init() {}

    /// Reads the annotations of a parent.
    init(parent: Node) {
        let annotations = parent["metadata"]?["annotations"]
        let items = { (key: String) in
            (annotations?[key]?.string ?? "").split(separator: ",").map { String($0) }
        }
        kinds = Set(
            items(Self.kindsAnnotation).map { text in
                let parts = text.split(separator: ".", maxSplits: 1)
                return DefinedKind(group: parts.count == 2 ? String(parts[1]) : "", kind: String(parts[0]))
            }
        )
        for namespace in items(Self.namespacesAnnotation) { insert(namespace) }
    }

    /// Adds a namespace.
    mutating func insert(_ namespace: String) {
        if namespace != ApplySet.namespace { namespaces.insert(namespace) }
    }

    /// Adds everything that another scope has.
    mutating func formUnion(_ other: Self) {
        kinds.formUnion(other.kinds)
        namespaces.formUnion(other.namespaces)
    }

    /// The annotations of a parent.
    var annotations: [(String, Node)] {
        let texts = kinds.map { $0.group.isEmpty ? $0.kind : "\($0.kind).\($0.group)" }
        // The specification reserves the empty list of namespaces.
        let namespaces =
            namespaces.isEmpty
            ? [] : [(Self.namespacesAnnotation, Node.string(namespaces.sorted().joined(separator: ",")))]
        return [(Self.kindsAnnotation, .string(texts.sorted().joined(separator: ",")))] + namespaces
    }
}
