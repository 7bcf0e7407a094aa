import Base
import TestSupport
import Testing
import YAML
@testable import Kubernetes

/// Objects that are described more than once.
@Suite(.timeLimit(.minutes(15)))
struct RepetitionTests {
    private func lines(_ text: String) async throws -> [String] {
        let fake = try FakeAPIServer { _ in nil }
        let lines = await (try fake.session()).apply(text)
        // It stops when it is not used any more.
        fake.server.stop()
        return lines
    }

    @Test func `objects are in the order of their first manifests, each as at its first location`() {
        let manifests = [("a", 9), ("b", 2), ("a", 1), ("c", 3)].map { name, line in
            let location = SourceLocation(file: "m.yaml", position: SourceLocation.Position(line: line, column: 1))
            let type = GroupVersionKind(apiVersion: "v1", kind: "ConfigMap")
            let identity = ObjectIdentity(type: type, namespace: line == 1 ? "default" : nil, name: name)
            return ManifestObject(identity: identity, root: .null(location: location), documentIndex: 1)
        }
        let found = DistinctObjects(of: manifests, defaultNamespace: "default")
        #expect(found.objects.map { $0.location.position?.line } == [1, 2, 3])
        #expect(found.repetitions.mapValues { $0.map { $0.location.position?.line } } == [0: [1, 9]])
    }

    @Test func `an object that is described twice is not applied, and both places are named`() async throws {
        let said = try await lines(
            """
            {apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {a: '2'}}
            ---
            {apiVersion: v1, kind: ConfigMap, metadata: {name: b}}
            ---
            {apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: default}}
            """
        )
        #expect(
            said.sorted() == [
                "created ConfigMap/default/b",
                "m.yaml:5:1: ConfigMap/a: described twice, at m.yaml:1:1 and here; remove one of them",
            ]
        )
    }

    @Test func `an object that is described twice in the same way is applied once`() async throws {
        let said = try await lines(
            """
            {apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {a: b}}
            ---
            {kind: ConfigMap, apiVersion: v1, metadata: {name: a}, data: {a: b}}
            ---
            {apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {a: "b"}}
            """
        )
        #expect(said == ["created ConfigMap/default/a"])
    }

    @Test(arguments: [
        (
            "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: a}, rules: []}",
            "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: a, namespace: ns}, rules: []}",
            " (a ClusterRole has no namespace)"
        ),
        (
            "{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: a}}",
            "{apiVersion: extensions/v1beta1, kind: Ingress, metadata: {name: a}}",
            " (as 'networking.k8s.io/v1' and as 'extensions/v1beta1')"
        ),
    ])
    func `an object with a namespace that its kind does not have, or in two groups, is one object`(
        first: String,
        second: String,
        reason: String
    ) async throws {
        let said = try await lines("\(first)\n---\n\(second)")
        #expect(said.count == 1)
        #expect(said.first?.contains(": described twice, at m.yaml:1:1 and here\(reason);") == true, "\(said)")
    }

    @Test func `what needs an object that is described twice is not tried`() async throws {
        let namespace = "{apiVersion: v1, kind: Namespace, metadata: {name: ns}}"
        let other = namespace.replacing("ns}", with: "ns, labels: {a: b}}")
        let said = try await lines(
            "\(namespace)\n---\n\(other)\n---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: ns}}"
        )
        #expect(
            said == [
                "m.yaml:3:1: Namespace/ns: described twice, at m.yaml:1:1 and here; remove one of them",
                "m.yaml:5:1: ConfigMap/ns/a: not tried: Namespace/ns, which it needs, could not be applied",
            ]
        )
    }

    @Test func `the same name in another namespace, group or kind is another object`() async throws {
        let said = try await lines(
            """
            {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}
            ---
            {apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: ns}}
            ---
            {apiVersion: apps/v1, kind: Deployment, metadata: {name: a}}
            ---
            {apiVersion: a.test/v1, kind: Widget, metadata: {name: a}}
            """
        )
        #expect(said.allSatisfy { $0.hasPrefix("created ") }, "\(said)")
    }
}

@Suite(.timeLimit(.minutes(15)))
struct ApplyOrderTests {
    @Test(arguments: [
        ("v1", "Namespace", 0), ("apiextensions.k8s.io/v1", "CustomResourceDefinition", 1), ("v1", "LimitRange", 2),
        ("storage.k8s.io/v1", "StorageClass", 3), ("snapshot.storage.k8s.io/v1", "VolumeSnapshotClass", 3),
        ("v1", "ServiceAccount", 4), ("rbac.authorization.k8s.io/v1", "Role", 5),
        ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", 6), ("v1", "ConfigMap", 7), ("v1", "Secret", 7),
        ("v1", "Service", 8), ("networking.k8s.io/v1", "NetworkPolicy", 9), ("v1", "PersistentVolumeClaim", 9),
        ("apps/v1", "Deployment", 10), ("batch/v1", "CronJob", 10), ("crd.projectcalico.org/v1", "NetworkPolicy", 11),
        ("example.test/v1", "Namespace", 11), ("apiregistration.k8s.io/v1", "APIService", 12),
        ("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", 12),
        ("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy", 12),
    ])
    func `every kind has its rank`(apiVersion: String, kind: String, rank: Int) {
        #expect(ApplyOrder.rank(of: GroupVersionKind(apiVersion: apiVersion, kind: kind)) == rank)
    }

    @Test func `kinds that others need come first, then namespaces and names, then the order of the files`() throws {
        let written = try manifests(
            """
            {apiVersion: apps/v1, kind: DaemonSet, metadata: {name: a, namespace: z}}
            ---
            {apiVersion: b.test/v1, kind: A, metadata: {name: a}}
            ---
            {apiVersion: a.test/v1, kind: B, metadata: {name: b}}
            ---
            {apiVersion: v1, kind: Secret, metadata: {name: s, namespace: b}}
            ---
            {apiVersion: v1, kind: ConfigMap, metadata: {name: s, namespace: b}}
            ---
            {apiVersion: v1, kind: ConfigMap, metadata: {name: z, namespace: a}}
            ---
            {apiVersion: v1, kind: Namespace, metadata: {name: z}}
            """
        )
        #expect(
            ApplyOrder.sorted(written).map(\.identity.description) == [
                "Namespace/z", "ConfigMap/a/z", "Secret/b/s", "ConfigMap/b/s", "DaemonSet/z/a", "B/b", "A/a",
            ]
        )
    }
}
