public import Base
import TLS
import YAML

/// The ApplySet of the objects that a task with `prune` applies.
///
/// Every member has a label with the set's ID. The parent, a ConfigMap, lists the kinds and namespaces in which members
/// may exist. Source: <https://github.com/kubernetes/enhancements/tree/master/keps/sig-cli/3659-kubectl-apply-prune>.
public struct ApplySet: Sendable {
    /// The label of members, whose value is the ID.
    public static let memberLabel = "applyset.kubernetes.io/part-of"

    /// The namespace of parents, chosen because it exists in every cluster and is not deleted by accident.
    public static let namespace = "kube-system"

    static let idLabel = "applyset.kubernetes.io/id"
    static let toolingAnnotation = "applyset.kubernetes.io/tooling"

    /// The program that manages the set, with the format version of the parent.
    static let tooling = "\(ManagedMetadata.manager)/v1"

    /// The name of the set, which the task file may choose so that it outlives the name of the task.
    public let name: String

    /// The task that applies the objects.
    public let task: String
    public let parent: ObjectIdentity

    /// The ID, which is derived from the identity of the parent.
    public let id: String

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
        id = Self.id(of: parent)
    }

    /// The key of a task with which objects of protected kinds are deleted too.
    var declarationOfAll: String { name == task ? "prune: all" : "prune: {set: \(name), all: true}" }

    /// The parent as arguments of a kubectl command.
    var address: String { "configmap/\(parent.name) -n \(Self.namespace)" }

    /// Returns the command that removes the claim of a node that no longer exists.
    public func commandReleasing(_ node: String) -> String {
        let change = "{\"data\":{\"\(SetParent.nodePrefix)\(node)\":null}}"
        return "kubectl patch configmap \(parent.name) -n \(Self.namespace) --type merge -p '\(change)'"
    }

    /// Returns the ID of the set of a parent: a digest of the parent's name, namespace, kind and group.
    static func id(of parent: ObjectIdentity) -> String {
        let text = [parent.name, parent.namespace ?? "", parent.type.kind, parent.type.group].joined(separator: ".")
        let digits = Array(sha256(Array(text.utf8)))
        let bytes = stride(from: 0, to: digits.count, by: 2).compactMap {
            UInt8(String(digits[$0...$0 + 1]), radix: 16)
        }
        let digest = Base64.encode(bytes).replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
        return "applyset-\(digest)-v1"
    }

    /// Finds manifests of the parent, and manifests that set the label of members themselves.
    ///
    /// - Returns: A problem for each such manifest.
    public func mistakes(in manifests: [ManifestObject]) -> [Problem] {
        manifests.compactMap { manifest in
            if manifest.identity == parent {
                let message = "\(parent): the task writes this object itself, to record the set '\(name)'"
                return Problem(
                    message,
                    at: manifest.location,
                    hint: "remove it from the manifests, or name another set"
                )
            }
            guard let label = manifest.root["metadata"]?["labels"]?[Self.memberLabel] else { return nil }
            return Problem(
                "\(manifest.identity): label '\(Self.memberLabel)' cannot be in a manifest of a task with 'prune'",
                at: label.location,
                hint: "remove it; the task sets it"
            )
        }
    }

    /// Returns whether objects of a kind are deleted only with `prune: all`.
    ///
    /// Deleting such an object deletes other objects too, or loses data.
    public static func isProtected(_ type: GroupVersionKind) -> Bool {
        switch (type.group, type.kind) {
        case ("", "Namespace"), ("", "PersistentVolumeClaim"), ("apiextensions.k8s.io", "CustomResourceDefinition"):
            true
        default: false
        }
    }

    /// Returns why the ApplySet of a parent on the server cannot be used, or `nil` if the set can be used.
    func refusal(of live: Node) -> (message: String, hint: String)? {
        let annotations = live["metadata"]?["annotations"]
        guard let tooling = annotations?[Self.toolingAnnotation]?.string else {
            let hint = "delete it if nothing uses it: 'kubectl delete \(address)', or name another set"
            return ("it exists, and is not the parent of an ApplySet", hint)
        }
        let tool = tooling.split(separator: "/").dropLast().joined(separator: "/")
        guard (tool.isEmpty ? tooling : tool) == ManagedMetadata.manager else {
            let hint =
                "hand it over with 'kubectl annotate \(address) --overwrite "
                + "\(Self.toolingAnnotation)=\(Self.tooling)', or name another set"
            return ("its ApplySet is managed by '\(tooling)', not by \(ManagedMetadata.manager)", hint)
        }
        let found = live["metadata"]?["labels"]?[Self.idLabel]?.string ?? ""
        guard found == id else {
            let hint = "correct it: 'kubectl label \(address) --overwrite \(Self.idLabel)=\(id)'"
            return ("its label '\(Self.idLabel)' is '\(found)', not the ID of its name", hint)
        }
        guard annotations?[ApplySetScope.kindsAnnotation]?.string != nil else {
            let hint = "add the kinds of the objects that the task has applied, such as 'ConfigMap,Deployment.apps'"
            return ("it has no annotation '\(ApplySetScope.kindsAnnotation)'", hint)
        }
        if let (annotation, item, expected) = ApplySetScope.malformedItem(in: live) {
            let message = "'\(item)' in its annotation '\(annotation)' is not \(expected)"
            return (message, "correct it: 'kubectl edit \(address)'")
        }
        return nil
    }
}
