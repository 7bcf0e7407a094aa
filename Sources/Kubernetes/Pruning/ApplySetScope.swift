import Base
import YAML

/// The kinds and namespaces of an ApplySet's members, as listed by its parent.
struct ApplySetScope: Sendable, Hashable {
    static let kindsAnnotation = "applyset.kubernetes.io/contains-group-kinds"
    static let namespacesAnnotation = "applyset.kubernetes.io/additional-namespaces"
    static let definedKindsAnnotation = "nest-bootstrap/defined-kinds"

    /// The largest number of lists that are requested.
    static let listLimit = 10_000

    /// The kinds of members.
    var kinds: Set<DefinedKind> = []

    /// The namespaces of members, except the parent's namespace, which is always included.
    private(set) var namespaces: Set<String> = []

    /// The kinds that manifests of the task have defined; deleting a definition also deletes its objects.
    var definedKinds: Set<DefinedKind> = []

    /// The largest number of lists that are needed to find all members.
    var listCount: Int { kinds.count * (namespaces.count + 1) }

    /// Creates an empty scope.
    init() {}

    /// Reads the annotations of a parent in which ``malformedItem(in:)`` has found no error.
    init(parent: Node) {
        kinds = Set(Self.items(of: Self.kindsAnnotation, in: parent).compactMap(DefinedKind.init(text:)))
        definedKinds = Set(Self.items(of: Self.definedKindsAnnotation, in: parent).compactMap(DefinedKind.init(text:)))
        for namespace in Self.items(of: Self.namespacesAnnotation, in: parent) { insert(namespace) }
    }

    /// Finds the first annotation item that is not a kind or namespace; a user may have edited the annotation.
    ///
    /// - Returns: The annotation, the item, and a description of a valid item; `nil` if all items are valid.
    static func malformedItem(in parent: Node) -> (annotation: String, item: String, expected: String)? {
        for annotation in [kindsAnnotation, definedKindsAnnotation] {
            let item = items(of: annotation, in: parent).first { DefinedKind(text: $0) == nil }
            if let item { return (annotation, item, "a kind such as 'ConfigMap' or 'Deployment.apps'") }
        }
        // A group consists of one or more DNS labels, and a namespace of exactly one DNS label.
        let isNamespace = { (item: String) in ObjectIdentifiers.isGroup(item) && !item.contains(".") }
        let item = items(of: namespacesAnnotation, in: parent).first { !isNamespace($0) }
        return item.map { (namespacesAnnotation, $0, "a namespace") }
    }

    private static func items(of annotation: String, in parent: Node) -> [String] {
        let text = parent["metadata"]?["annotations"]?[annotation]?.string ?? ""
        let items = text.split(separator: ",", omittingEmptySubsequences: false).map { item in
            let start = item.drop { $0.isWhitespace }
            return start.lastIndex { !$0.isWhitespace }.map { String(start[...$0]) } ?? ""
        }
        return items.filter { !$0.isEmpty }
    }

    /// Adds a namespace, unless it is the parent's.
    mutating func insert(_ namespace: String) {
        if namespace != ApplySet.namespace { namespaces.insert(namespace) }
    }

    /// Adds the kind and the namespace of an object on the server.
    mutating func insert(_ identity: ObjectIdentity) {
        kinds.insert(DefinedKind(identity.type))
        if let namespace = identity.namespace { insert(namespace) }
    }

    /// Adds all kinds and namespaces of another scope.
    mutating func formUnion(_ other: Self) {
        kinds.formUnion(other.kinds)
        namespaces.formUnion(other.namespaces)
        definedKinds.formUnion(other.definedKinds)
    }

    /// Returns the value of an annotation that lists kinds.
    static func text(of kinds: Set<DefinedKind>) -> String { kinds.map(\.text).sorted().joined(separator: ",") }

    /// The annotations of the parent that contain the scope.
    var annotations: [(String, Node)] {
        var annotations = [(Self.kindsAnnotation, Node.string(Self.text(of: kinds)))]
        // The specification reserves the empty list of namespaces, so the annotation is left out.
        if !namespaces.isEmpty {
            annotations.append((Self.namespacesAnnotation, .string(namespaces.sorted().joined(separator: ","))))
        }
        if !definedKinds.isEmpty {
            annotations.append((Self.definedKindsAnnotation, .string(Self.text(of: definedKinds))))
        }
        return annotations
    }
}

extension DefinedKind {
    /// The kind as written in annotations, such as `ConfigMap` or `Deployment.apps`.
    var text: String { group.isEmpty ? kind : "\(kind).\(group)" }

    /// Reads a kind as written in annotations, or returns `nil` if the text is not a kind.
    init?(text: String) {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false).map { String($0) }
        guard let kind = parts.first, ObjectIdentifiers.isKind(kind) else { return nil }
        guard parts.count == 2 else {
            self.init(group: "", kind: kind)
            return
        }
        guard ObjectIdentifiers.isGroup(parts[1]) else { return nil }
        self.init(group: parts[1], kind: kind)
    }
}
