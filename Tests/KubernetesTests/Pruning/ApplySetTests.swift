import Testing
import YAML

@testable import Kubernetes

/// The labels and annotations of ApplySets.
@Suite(.timeLimit(.minutes(1)))
struct ApplySetTests {
    @Test func `the ID is the digest of the parent's name, namespace, kind and group`() {
        #expect(ApplySet(task: "t").id == "applyset-crHmxOp1yX7LgGGD3iLJkZODBiWSw1wHJAJCNWBbWrM-v1")
        let type = GroupVersionKind(group: "example.org", version: "v1", kind: "Widget")
        let parent = ObjectIdentity(type: type, namespace: nil, name: "set")
        #expect(ApplySet.id(of: parent) == "applyset-m85moSoVuzajcAZiGLqmHC7hIy_JIv3nudie6CarUvc-v1")
    }

    @Test func `kinds and namespaces are read and written sorted, without the parent's namespace`() throws {
        var scope = ApplySetScope(
            parent: try node(
                """
                metadata:
                  annotations:
                    applyset.kubernetes.io/contains-group-kinds: Secret,Deployment.apps,Ingress.networking.k8s.io
                    applyset.kubernetes.io/additional-namespaces: two,kube-system,one
                """
            )
        )
        scope.kinds.insert(DefinedKind(GroupVersionKind(apiVersion: "v1", kind: "ConfigMap")))
        scope.insert("kube-system")
        #expect(
            Node.mapping(scope.annotations)
                == (try node(
                    """
                    applyset.kubernetes.io/contains-group-kinds: ConfigMap,Deployment.apps,Ingress.networking.k8s.io,Secret
                    applyset.kubernetes.io/additional-namespaces: one,two
                    """
                ))
        )
        #expect(ApplySetScope().annotations.map(\.0) == [ApplySetScope.kindsAnnotation])
    }

    private static let id = ApplySet(task: "t").id

    /// An entry of managed fields with the label.
    private static func entry(_ manager: String, _ operation: String = "Apply") -> String {
        "{manager: \(manager), operation: \(operation), "
            + "fieldsV1: {'f:metadata': {'f:labels': {'f:\(ApplySet.memberLabel)': {}}}}}"
    }

    @Test(arguments: [
        (id, "ConfigMap", "managedFields: [\(entry("nest-bootstrap"))]", ApplySetMember.Verdict.delete),
        (
            id, "ConfigMap", "managedFields: [\(entry("nest-bootstrap")), \(entry("kubectl-edit", "Update"))]", .delete
        ),
        (
            id, "ConfigMap", "managedFields: [\(entry("flux")), \(entry("nest-bootstrap"))]",
            .keep("field manager 'flux' applies it")
        ),
        (id, "Endpoints", "managedFields: [\(entry("kube-controller-manager", "Update"))]", .ignore),
        ("applyset-other-v1", "ConfigMap", "managedFields: [\(entry("nest-bootstrap"))]", .ignore),
        (
            id, "ConfigMap",
            "managedFields: [{manager: nest-bootstrap, operation: Apply, fieldsV1: {'f:data': {}}}]", .ignore
        ),
        (
            id, "ConfigMap", "ownerReferences: [{kind: Widget, name: w}], managedFields: [\(entry("nest-bootstrap"))]",
            .keep("it is owned by Widget/w")
        ),
        (
            id, "PersistentVolumeClaim", "managedFields: [\(entry("nest-bootstrap"))]",
            .keep("a PersistentVolumeClaim is deleted only with 'prune: all'")
        ),
    ])
    func `only what the agent alone has applied with the label is deleted`(
        id: String,
        kind: String,
        metadata: String,
        verdict: ApplySetMember.Verdict
    ) throws {
        let object = try node("{metadata: {name: a, labels: {\(ApplySet.memberLabel): \(id)}, \(metadata)}}")
        let type = GroupVersionKind(apiVersion: "v1", kind: kind)
        #expect(ApplySetMember.verdict(on: object, of: type, in: Self.id, includesProtected: false) == verdict)
        if ApplySet.isProtected(type) {
            #expect(ApplySetMember.verdict(on: object, of: type, in: Self.id, includesProtected: true) == .delete)
        }
    }

    @Test(arguments: [
        ("{name: p}", "it exists, and is not the parent of an ApplySet"),
        (
            "{name: p, annotations: {applyset.kubernetes.io/tooling: helm/v3}}",
            "its ApplySet is managed by 'helm/v3', not by nest-bootstrap"
        ),
        (
            "{name: p, annotations: {applyset.kubernetes.io/tooling: nest-bootstrap/v1}}",
            "its label 'applyset.kubernetes.io/id' is '', not the ID of its name"
        ),
        (
            "{name: p, labels: {applyset.kubernetes.io/id: \(ApplySet(task: "t").id)}, "
                + "annotations: {applyset.kubernetes.io/tooling: nest-bootstrap}}",
            "it has no annotation 'applyset.kubernetes.io/contains-group-kinds'"
        ),
    ])
    func `a parent that another tool manages, or that is incomplete, is refused`(
        metadata: String,
        message: String
    ) throws {
        #expect(ApplySet(task: "t").refusal(of: try node("{metadata: \(metadata)}"))?.message == message)
    }
}
