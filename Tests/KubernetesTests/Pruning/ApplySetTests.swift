import Base
import TestSupport
import Testing
import YAML

@testable import Kubernetes

/// The labels and annotations of ApplySets.
@Suite(.timeLimit(.minutes(15)))
struct ApplySetTests {
    @Test func `the ID is the digest of the parent's name, namespace, kind and group`() {
        #expect(ApplySet(task: "t").id == "applyset-crHmxOp1yX7LgGGD3iLJkZODBiWSw1wHJAJCNWBbWrM-v1")
        let type = GroupVersionKind(group: "example.org", version: "v1", kind: "Widget")
        let parent = ObjectIdentity(type: type, namespace: nil, name: "set")
        #expect(ApplySet.id(of: parent) == "applyset-m85moSoVuzajcAZiGLqmHC7hIy_JIv3nudie6CarUvc-v1")
    }

    @Test func `the key that deletes objects of every kind has the name of the set`() {
        #expect(ApplySet(task: "t").declarationOfAll == "prune: all")
        #expect(ApplySet(name: "s", task: "t").declarationOfAll == "prune: {set: s, all: true}")
    }

    @Test func `a claim whose list is not in the parent keeps every object`() throws {
        let parent = SetParent(try node("data: {node.n1: one, node.n2: two, objects.two: v1 ConfigMap n a}"))
        let identity = ObjectIdentity(type: .init(apiVersion: "v1", kind: "ConfigMap"), namespace: "n", name: "other")
        #expect(parent.claimants == ["n1", "n2"])
        #expect(parent.claimants(of: MemberKey(identity), otherThan: "n3", at: nil) == ["n1"])
    }

    @Test func `kinds and namespaces are read and written sorted, without the parent's namespace`() throws {
        var scope = ApplySetScope(
            parent: try node(
                """
                metadata:
                  annotations:
                    applyset.kubernetes.io/contains-group-kinds: Secret, ,Deployment.apps ,Ingress.networking.k8s.io
                    applyset.kubernetes.io/additional-namespaces: two,kube-system,one
                    nest-bootstrap/defined-kinds: Widget.example.org
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
                    nest-bootstrap/defined-kinds: Widget.example.org
                    """
                ))
        )
        #expect(ApplySetScope().annotations.map(\.0) == [ApplySetScope.kindsAnnotation])
    }

    @Test(arguments: [
        ("ConfigMap;Secret", "", "'ConfigMap;Secret' in its annotation"),
        ("../x,Secret", "", "'../x' in its annotation"), ("Kind.a..b", "", "'Kind.a..b' in its annotation"),
        (
            "Secret", "a,b/c",
            "'b/c' in its annotation 'applyset.kubernetes.io/additional-namespaces' is not a namespace"
        ),
        ("Secret", String(repeating: "n", count: 64), "in its annotation"),
    ])
    func `an item of an annotation that is no kind or namespace is refused`(
        kinds: String,
        namespaces: String,
        message: String
    ) throws {
        let parent = try parent(kinds: kinds, namespaces: namespaces)
        let refusal = try #require(ApplySet(task: "t").refusal(of: parent))
        #expect(refusal.message.contains(message), "\(refusal.message)")
        // An empty list is right.
        #expect(ApplySet(task: "t").refusal(of: try self.parent(kinds: "", namespaces: "")) == nil)
    }

    /// A parent of the set of task `t`.
    private func parent(kinds: String, namespaces: String) throws -> Node {
        try node(
            """
            metadata:
              labels: {applyset.kubernetes.io/id: \(ApplySet(task: "t").id)}
              annotations:
                applyset.kubernetes.io/tooling: nest-bootstrap/v1
                applyset.kubernetes.io/contains-group-kinds: '\(kinds)'
                applyset.kubernetes.io/additional-namespaces: '\(namespaces)'
            """
        )
    }

    private static let id = ApplySet(task: "t").id

    /// An entry of managed fields with the label.
    private static func entry(_ manager: String, _ operation: String = "Apply") -> String {
        "{manager: \(manager), operation: \(operation), "
            + "fieldsV1: {'f:metadata': {'f:labels': {'f:\(ApplySet.memberLabel)': {}}}}}"
    }

    private static let task = "annotations: {nest-bootstrap/task: t}"
    private static let restored = "its managed fields do not say that nest-bootstrap applied it, as after a restore"

    @Test(arguments: [
        (id, "ConfigMap", "managedFields: [\(entry("nest-bootstrap"))]", ApplySetMember.Verdict.delete),
        (
            id, "ConfigMap", "managedFields: [\(entry("flux")), \(entry("nest-bootstrap"))]",
            .keep("field manager 'flux' applies it")
        ),
        (id, "Endpoints", "managedFields: [\(entry("kube-controller-manager", "Update"))]", .ignore),
        (id, "ConfigMap", "managedFields: [\(entry("widget-operator"))]", .ignore),
        (id, "ConfigMap", "\(task), managedFields: [\(entry("velero-server", "Update"))]", .keep(restored)),
        (id, "ConfigMap", "\(task), ownerReferences: [{kind: Endpoints, name: e}]", .ignore),
        ("applyset-other-v1", "ConfigMap", "managedFields: [\(entry("nest-bootstrap"))]", .ignore),
        (
            id, "ConfigMap", "ownerReferences: [{kind: Widget, name: w}], managedFields: [\(entry("nest-bootstrap"))]",
            .keep("it is owned by Widget/w")
        ),
        (
            id, "ConfigMap",
            "annotations: {nest-bootstrap/prune: 'false'}, managedFields: [\(entry("nest-bootstrap"))]",
            .keep("its annotation 'nest-bootstrap/prune' says so")
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
        let set = ApplySet(task: "t")
        #expect(ApplySetMember.verdict(on: object, of: type, in: set, includesProtected: false) == verdict)
        if ApplySet.isProtected(type) {
            #expect(ApplySetMember.verdict(on: object, of: type, in: set, includesProtected: true) == .delete)
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

    @Test func `a policy that refuses the parent is named`()
        async throws
    {
        let refusal = "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no"
        let server = try FakeAPIServer { request in
            guard request.method == "PATCH" else { return nil }
            let message = #"configmaps \"nest-bootstrap-t\" is forbidden: \#(refusal)"#
            return FakeAPIServer.json(422, #"{"reason":"Invalid","message":"\#(message)"}"#)
        }
        let manifests = try manifests("{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: d}}")
        let pruner = Pruner(
            client: try server.session().client,
            set: ApplySet(task: "t"),
            manifests: manifests,
            includesProtected: false,
            isDryRun: false,
            retryPolicy: Session.retryPolicy(),
            location: try #require(manifests.first).location,
        )
        let failure = await #expect(throws: ObjectFailure.self) { try await pruner.widen() }
        #expect(
            failure?.problems.map(\.description) == [
                "m.yaml:1:1: ConfigMap/kube-system/nest-bootstrap-t: refused by admission control: "
                    + refusal
            ]
        )
    }
}
