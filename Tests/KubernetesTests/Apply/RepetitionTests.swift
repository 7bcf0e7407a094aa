import Base
@testable import Kubernetes
import TestSupport
import Testing

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
            return ManifestObject(identity: identity, root: .null(location: location))
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
        #expect(said.count == 4 && said.allSatisfy { $0.hasPrefix("created ") }, "\(said)")
    }
}

@Suite(.timeLimit(.minutes(15)))
struct ApplyWaveTests {
    @Test(arguments: [
        ("v1", "Namespace", 0), ("apiextensions.k8s.io/v1", "CustomResourceDefinition", 0), ("v1", "LimitRange", 1),
        ("storage.k8s.io/v1", "StorageClass", 1), ("v1", "ServiceAccount", 1), ("v1", "Service", 1),
        ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", 1), ("networking.k8s.io/v1", "NetworkPolicy", 1),
        ("apps/v1", "Deployment", 2), ("v1", "Pod", 2), ("crd.projectcalico.org/v1", "NetworkPolicy", 2),
        ("snapshot.storage.k8s.io/v1", "VolumeSnapshotClass", 2), ("example.test/v1", "Namespace", 2),
        ("apiregistration.k8s.io/v1", "APIService", 3),
        ("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", 3),
    ])
    func `every kind has its wave`(apiVersion: String, kind: String, wave: Int) {
        #expect(ApplyWave(of: GroupVersionKind(apiVersion: apiVersion, kind: kind)).rawValue == wave)
    }
}
