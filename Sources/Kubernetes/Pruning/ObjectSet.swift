public import Base

/// The objects that the manifests of a task with `prune` have on all nodes.
///
/// A ConfigMap has a key for each node that has the set, with a line for each object of the node's manifests. A node
/// deletes only what it has recorded itself, and nothing that the key of another node lists.
public struct ObjectSet: Sendable {
    /// The namespace of the ConfigMaps, chosen because it exists in every cluster and is not deleted by accident.
    private static let namespace = "kube-system"

    /// The beginning of the keys of nodes.
    static let nodePrefix = "node."

    /// The name of the set, which the task file may choose so that it outlives the name of the task.
    public let name: String

    /// The task that applies the objects.
    public let task: String

    /// The ConfigMap.
    public let parent: ObjectIdentity

    /// Creates the set of a task.
    ///
    /// - Parameters:
    ///   - name: The name of the set, by default that of the task.
    ///   - task: The name of the task.
    public init(name: String? = nil, task: String) {
        self.task = task
        self.name = name ?? task
        parent = ObjectIdentity(
            type: GroupVersionKind(group: "", version: "v1", kind: "ConfigMap"),
            namespace: Self.namespace,
            name: "nest-bootstrap-\(self.name)",
        )
    }

    /// The key of a task with which objects of protected kinds are deleted too.
    var declarationOfAll: String { name == task ? "prune: all" : "prune: {set: \(name), all: true}" }

    /// Returns the command that ends the veto of a node that no longer exists.
    func commandReleasing(_ node: String) -> String {
        let change = "{\"data\":{\"\(Self.nodePrefix)\(node)\":null}}"
        return "kubectl patch configmap \(parent.name) -n \(Self.namespace) --type merge -p '\(change)'"
    }

    /// Finds manifests of the ConfigMap itself.
    ///
    /// - Returns: A problem for each such manifest.
    public func mistakes(in manifests: [ManifestObject]) -> [Problem] {
        manifests.filter { $0.identity == parent }.map { manifest in
            let message = "\(parent): the task writes this object itself, to record the set '\(name)'"
            let hint = "remove it from the manifests, or name another set"
            return Problem(message, at: manifest.location, hint: hint)
        }
    }

    /// Returns whether objects of a kind are deleted only with `prune: all`.
    ///
    /// Deleting such an object deletes other objects too, or loses data.
    static func isProtected(_ type: GroupVersionKind) -> Bool {
        type.isCustomResourceDefinition
            || type.group.isEmpty && ["Namespace", "PersistentVolumeClaim"].contains(type.kind)
    }
}

/// The objects that a node has applied as members of a set, as the node itself has recorded them.
public struct SetRecord: Sendable, Equatable {
    /// The kubeconfig with which the objects were applied.
    public var kubeconfig: String

    /// Whether Namespaces, CustomResourceDefinitions and PersistentVolumeClaims are deleted too.
    public var includesProtected: Bool

    /// The tasks that have had the set.
    public private(set) var tasks: Set<String>

    var members: Set<MemberKey>

    /// Creates the record of a task with the objects of an earlier record, if there is one.
    public init(task: String, kubeconfig: String, includesProtected: Bool, after earlier: Self? = nil) {
        (self.kubeconfig, self.includesProtected) = (kubeconfig, includesProtected)
        tasks = (earlier?.tasks ?? []).union([task])
        members = earlier?.members ?? []
    }

    /// The recorded objects as text, in alphabetical order.
    public var objects: [String] { MemberKey.lines(members) }

    /// Reads a record from the value of ``json``, or returns `nil` if the text is not a record.
    public init?(json: [UInt8]) {
        guard let document = try? readJSON(json, file: "record of a set"), document["version"] == .number(1),
            let kubeconfig = document["kubeconfig"]?.string, let lines = document["objects"]?.sequence
        else { return nil }
        self.kubeconfig = kubeconfig
        includesProtected = document["includesProtected"]?.boolean == true
        tasks = Set((document["tasks"]?.sequence ?? []).compactMap(\.string))
        members = Set(lines.compactMap { $0.string.flatMap { MemberKey(text: $0) } })
    }

    /// The record as JSON.
    public var json: [UInt8] {
        Node.mapping([
            ("version", .number(1)), ("kubeconfig", .string(kubeconfig)),
            ("includesProtected", .boolean(includesProtected)),
            ("tasks", .sequence(tasks.sorted().map { .string($0) })),
            ("objects", .sequence(objects.map { .string($0) })),
        ]).json()
    }
}

/// The key of an object in a set, regardless of the version of its kind.
struct MemberKey: Sendable, Hashable {
    var kind: DefinedKind
    /// The namespace, `nil` if the kind is cluster-scoped.
    var namespace: String?
    var name: String

    /// Creates the key of an object on the server.
    init(_ identity: ObjectIdentity) {
        (kind, namespace, name) = (DefinedKind(identity.type), identity.namespace, identity.name)
    }

    /// The key as a line of text, such as `Deployment.apps/default/web` or `Namespace/web`.
    var text: String { [kind.text, namespace, name].compactMap(\.self).joined(separator: "/") }

    /// Reads a key as written by ``text``, or returns `nil` if the text is not a key.
    init?(text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { String($0) }
        guard (2...3).contains(parts.count), let kind = DefinedKind(text: parts[0]), parts.allSatisfy({ !$0.isEmpty })
        else { return nil }
        (self.kind, name) = (kind, parts[parts.count - 1])
        namespace = parts.count == 3 ? parts[1] : nil
    }

    /// Returns the sorted lines of keys.
    static func lines(_ keys: Set<Self>) -> [String] { keys.map(\.text).sorted() }

    /// Reads lines, without those that are no keys.
    static func keys(in text: String) -> Set<Self> {
        Set(text.split(separator: "\n").compactMap { MemberKey(text: $0) })
    }
}

extension DefinedKind {
    /// The kind as written in lines of a set, such as `ConfigMap` or `Deployment.apps`.
    var text: String { group.isEmpty ? kind : "\(kind).\(group)" }

    /// Reads a kind as written by ``text``, or returns `nil` if the text is not a kind.
    init?(text: String) {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false).map { String($0) }
        guard let kind = parts.first, ObjectIdentifiers.isKind(kind) else { return nil }
        guard parts.count < 2 || ObjectIdentifiers.isGroup(parts[1]) else { return nil }
        self.init(group: parts.count < 2 ? "" : parts[1], kind: kind)
    }
}
