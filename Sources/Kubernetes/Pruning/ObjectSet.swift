public import Base

/// The objects in the manifests of a task with `prune`, on all nodes that have the task.
///
/// A ConfigMap has a key for each such node, with a line for each object in the node's manifests. A node deletes only
/// objects that it has recorded itself and that no other node's key lists.
public struct ObjectSet: Sendable {
    /// The namespace of the ConfigMaps, which exists in every cluster.
    private static let namespace = "kube-system"

    /// The prefix of the keys of nodes.
    static let nodePrefix = "node."

    /// The name of the set, which may differ from the task's, for example because the task was renamed.
    let name: String

    let task: String

    /// The ConfigMap in which each node lists its objects.
    public let parent: ObjectIdentity

    /// Creates the set of a task, by default with the task's name.
    public init(name: String? = nil, task: String) {
        self.task = task
        self.name = name ?? task
        parent = ObjectIdentity(
            type: GroupVersionKind(group: "", version: "v1", kind: "ConfigMap"),
            namespace: Self.namespace,
            name: "nest-bootstrap-\(self.name)",
        )
    }

    /// The setting with which objects of protected kinds are deleted too.
    var declarationOfAll: String { name == task ? "prune: all" : "prune: {set: \(name), all: true}" }

    /// Returns the command that removes the key of a node that no longer exists.
    func commandReleasing(_ node: String) -> String {
        let change = "{\"data\":{\"\(Self.nodePrefix)\(node)\":null}}"
        return "kubectl patch configmap \(parent.name) -n \(Self.namespace) --type merge -p '\(change)'"
    }

    /// Returns a problem for each manifest of the ConfigMap itself.
    public func mistakes(in manifests: [ManifestObject]) -> [Problem] {
        manifests.filter { $0.identity == parent }.map { manifest in
            let message = "\(parent): the task writes this object itself, to record the set '\(name)'"
            let hint = "remove it from the manifests, or name another set"
            return Problem(message, at: manifest.location, hint: hint)
        }
    }

    /// Returns whether only `prune: all` deletes objects of a kind, because data or other objects would be lost too.
    static func isProtected(_ type: GroupVersionKind) -> Bool {
        type.isCustomResourceDefinition
            || type.group.isEmpty && ["Namespace", "PersistentVolumeClaim"].contains(type.kind)
    }
}

/// A node's own record of the objects of a set that the node has applied or is about to apply.
public struct SetRecord: Sendable, Equatable {
    /// The path of the kubeconfig with which the objects are applied.
    public var kubeconfig: String

    /// Whether Namespaces, CustomResourceDefinitions and PersistentVolumeClaims are deleted too.
    public var includesProtected: Bool

    /// The names of the tasks that have used the set.
    public private(set) var tasks: Set<String>

    public var members: Set<MemberKey>

    /// Creates a record for a task, with the objects and tasks of an earlier record.
    public init(task: String, kubeconfig: String, includesProtected: Bool, after earlier: Self? = nil) {
        (self.kubeconfig, self.includesProtected) = (kubeconfig, includesProtected)
        tasks = (earlier?.tasks ?? []).union([task])
        members = earlier?.members ?? []
    }

    /// The recorded objects as lines, in alphabetical order.
    public var objects: [String] { MemberKey.lines(members) }

    /// Reads a record as written by ``json``; returns `nil` for other texts.
    public init?(json: [UInt8]) {
        guard let document = try? readJSON(json, file: "record of a set"), document["version"] == .number(1),
            let kubeconfig = document["kubeconfig"]?.string, let lines = document["objects"]?.sequence
        else { return nil }
        self.kubeconfig = kubeconfig
        includesProtected = document["includesProtected"]?.boolean == true
        tasks = Set((document["tasks"]?.sequence ?? []).compactMap(\.string))
        members = Set(lines.compactMap { $0.string.flatMap { MemberKey(text: $0) } })
    }

    public var json: [UInt8] {
        Node.mapping([
            ("version", .number(1)), ("kubeconfig", .string(kubeconfig)),
            ("includesProtected", .boolean(includesProtected)),
            ("tasks", .sequence(tasks.sorted().map { .string($0) })),
            ("objects", .sequence(objects.map { .string($0) })),
        ]).json()
    }
}

/// The identity of an object in a set, regardless of the API version.
public struct MemberKey: Sendable, Hashable {
    var kind: DefinedKind
    /// The namespace, or `nil` if the kind is cluster-scoped.
    var namespace: String?
    var name: String

    /// Creates the key from an identity whose namespace is that of the object on the server.
    init(_ identity: ObjectIdentity) {
        (kind, namespace, name) = (DefinedKind(identity.type), identity.namespace, identity.name)
    }

    /// The key as a line of text, such as `Deployment.apps/default/web` or `Namespace/web`.
    var text: String { [kind.text, namespace, name].compactMap(\.self).joined(separator: "/") }

    /// Reads a key as written by ``text``; returns `nil` for other texts.
    init?(text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { String($0) }
        guard (2...3).contains(parts.count), let kind = DefinedKind(text: parts[0]), parts.allSatisfy({ !$0.isEmpty })
        else { return nil }
        (self.kind, name) = (kind, parts[parts.count - 1])
        namespace = parts.count == 3 ? parts[1] : nil
    }

    static func lines(_ keys: Set<Self>) -> [String] { keys.map(\.text).sorted() }

    /// Reads lines, and ignores lines that are not keys.
    static func keys(in text: String) -> Set<Self> {
        Set(text.split(separator: "\n").compactMap { MemberKey(text: $0) })
    }
}

extension DefinedKind {
    /// The kind in a line of a set, such as `ConfigMap` or `Deployment.apps`.
    var text: String { group.isEmpty ? kind : "\(kind).\(group)" }

    /// Reads a kind as written by ``text``; returns `nil` for other texts.
    init?(text: String) {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false).map { String($0) }
        guard let kind = parts.first, ObjectIdentifiers.isKind(kind) else { return nil }
        guard parts.count < 2 || ObjectIdentifiers.isGroup(parts[1]) else { return nil }
        self.init(group: parts.count < 2 ? "" : parts[1], kind: kind)
    }
}
