import Base
import TestSupport
import Testing
import YAML
@testable import Kubernetes

/// Objects that an earlier run has verified, on a server of their own.
@Suite(.tags(.everyServer), .needsAPIServer, .temporaryDirectory, .timeLimit(.minutes(30)))
struct VerifiedObjectTests {
    private static let map = """
        {apiVersion: v1, kind: ConfigMap, metadata: {name: m, namespace: default}, data: {a: b}}
        """
    private static let definition = """
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {name: things.example.test}
        spec:
          group: example.test
          names: {kind: Thing, plural: things}
          scope: Cluster
          versions:
          - name: v1
            served: true
            storage: true
            schema:
              openAPIV3Schema:
                type: object
                properties:
                  spec: {type: object, properties: {a: {type: string}}}
                  status: {type: object, properties: {a: {type: string}}}
        """
    private static let thing = "{apiVersion: example.test/v1, kind: Thing, metadata: {name: t}, spec: {a: b}}"
    private static let secret =
        "{apiVersion: v1, kind: Secret, metadata: {name: s, namespace: default}, stringData: {a: b}}"

    private static let runs = Counter()

    /// The requests with which the server has been asked to apply something, also in dry runs.
    private func applyCount(_ cluster: TestCluster) async throws -> Int {
        let metrics = try await cluster.kubectl("get", "--raw=/metrics")
        return metrics.outputLines.filter { line in
            line.hasPrefix("apiserver_request_total{")
                && ["APPLY", "PATCH"].contains { line.contains("verb=\"\($0)\"") }
        }
        .compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }.reduce(0) { $0 + Int($1) }
    }

    /// Applies a text as a new run that knows what an earlier one has kept.
    private func apply(
        _ text: String,
        _ cluster: TestCluster,
        knowing kept: [UInt8]?,
    ) async throws -> (lines: [String], sent: Int, kept: [UInt8]?) {
        // Each run is some time after the one before.
        let time = Int64(Self.runs.next()) * 60_000
        let verified = VerifiedObjects(text: kept, now: { time })
        let before = try await applyCount(cluster)
        let lines = await (try Session(kubeconfig: cluster.kubeconfig)).apply(text, verified: verified)
        return (lines.sorted(), try await applyCount(cluster) - before, verified.text ?? kept)
    }

    /// Returns the file of two runs, the first of which creates an object.
    private func verified(_ text: String, _ cluster: TestCluster) async throws -> [UInt8] {
        let created = try await apply(text, cluster, knowing: nil)
        #expect(created.lines.allSatisfy { $0.hasPrefix("created ") }, "\(created.lines)")
        return try #require(try await apply(text, cluster, knowing: created.kept).kept)
    }

    @Test func `what was verified is only read, until something else takes part`() async throws {
        try await TestCluster.withFresh { cluster in
            let text = [Self.map, Self.definition, Self.thing, Self.secret].joined(separator: "\n---\n")
            let first = try await apply(text, cluster, knowing: nil)
            #expect(first.lines.count == 4 && first.lines.allSatisfy { $0.hasPrefix("created ") }, "\(first.lines)")
            let unchanged = first.lines.map { $0.replacing("created", with: "unchanged") }
            let second = try await apply(text, cluster, knowing: first.kept)
            #expect(second.lines == unchanged)
            #expect(second.sent == 0, "the objects show that nothing changes")
            let known = try #require(second.kept)
            #expect(!String(decoding: known, as: UTF8.self).contains("/secrets/"))
            let third = try await apply(text, cluster, knowing: known)
            #expect(third.lines == unchanged)
            #expect(third.sent == 0)
            #expect(third.kept == known)

            try await expectOwnership(cluster, known)
            try await expectNewDefinition(cluster, known)
            try await expectAppliedStatus(cluster)
            try await expectStatus(cluster, known)
            try await expectOtherGroup(cluster)
            try await expectWebhook(cluster, known)
        }
    }

    /// An object whose managers were cleared has its manager afterwards.
    private func expectOwnership(_ cluster: TestCluster, _ known: [UInt8]) async throws {
        let session = try Session(kubeconfig: cluster.kubeconfig)
        let path = "/api/v1/namespaces/default/configmaps/m"
        try await session.update("PATCH", "{metadata: {managedFields: [{}]}}", at: path, as: "clearing")
        let cleared = try #require(try await session.object(path))
        try #require(ManagedMetadata.fields(in: cleared).isEmpty)
        _ = try await apply(Self.map, cluster, knowing: known)
        let restored = try #require(try await session.object(path))
        #expect(ManagedMetadata.fields(in: restored).count == 1)
    }

    /// A custom resource is read again after its definition has changed.
    private func expectNewDefinition(_ cluster: TestCluster, _ known: [UInt8]) async throws {
        #expect(try await apply(Self.thing, cluster, knowing: known).sent == 0)
        let session = try Session(kubeconfig: cluster.kubeconfig)
        let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/things.example.test"
        try await session.update("PATCH", "{spec: {names: {shortNames: [th]}}}", at: path, as: "other")
        let result = try await apply(Self.thing, cluster, knowing: known)
        #expect(result.lines == ["unchanged Thing/t"])
        #expect(result.sent == 0)
    }

    /// A status is applied, and a change of it is found, if the definition has no status subresource.
    private func expectAppliedStatus(_ cluster: TestCluster) async throws {
        func thing(_ status: String) -> String {
            "{apiVersion: example.test/v1, kind: Thing, metadata: {name: u}, status: {a: \(status)}}"
        }
        let session = try Session(kubeconfig: cluster.kubeconfig)
        let path = "/apis/example.test/v1/things/u"
        let known = try await verified(thing("b"), cluster)
        #expect(try await apply(thing("b"), cluster, knowing: known).sent == 0)
        let changed = try await apply(thing("c"), cluster, knowing: known)
        #expect(changed.lines == ["configured Thing/u\n  status.a"])
        #expect(try await session.object(path)?["status"]?["a"]?.string == "c")
        let settled = try #require(try await apply(thing("c"), cluster, knowing: changed.kept).kept)
        try await session.update("PATCH", "{status: null}", at: path, as: "other")
        let restored = try await apply(thing("c"), cluster, knowing: settled)
        #expect(restored.lines == ["configured Thing/u\n  status"])
        #expect(try await session.object(path)?["status"]?["a"]?.string == "c")
    }

    /// An object whose status changes is read again as a whole, once.
    private func expectStatus(_ cluster: TestCluster, _ known: [UInt8]) async throws {
        let session = try Session(kubeconfig: cluster.kubeconfig)
        let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/things.example.test/status"
        // The last test of the definition changed its names; it is asked about, and remembered.
        let asked = try await apply(Self.definition, cluster, knowing: known)
        let settled = try await apply(Self.definition, cluster, knowing: asked.kept)
        #expect(settled.lines == asked.lines)
        let condition =
            "{type: Example, status: 'True', reason: R, message: m, lastTransitionTime: '2026-01-01T00:00:00Z'}"
        let conditions = try #require(try await session.object(path)?["status"]?["conditions"]?.sequence)
        let all = Node.sequence(conditions + [try node(condition)]).json()
        try await session.update(
            "PATCH",
            "{status: {conditions: \(String(decoding: all, as: UTF8.self))}}",
            at: path,
            as: "other"
        )
        let changed = try await apply(Self.definition, cluster, knowing: settled.kept)
        #expect(changed.lines == ["unchanged CustomResourceDefinition/things.example.test"])
        #expect(changed.sent == 0)
        #expect(changed.kept != settled.kept, "the digest of its metadata is another one")
    }

    /// A webhook for another group of the same resource is for an object as well: its match policy is `Equivalent`.
    private func expectOtherGroup(_ cluster: TestCluster) async throws {
        let ingress = """
            {apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: i, namespace: default}, \
            spec: {defaultBackend: {service: {name: s, port: {number: 80}}}}}
            """
        let known = try await verified(ingress, cluster)
        #expect(try await apply(ingress, cluster, knowing: known).sent == 0)
        let webhook = """
            apiVersion: admissionregistration.k8s.io/v1
            kind: MutatingWebhookConfiguration
            metadata: {name: other-group}
            webhooks:
            - name: w.example.test
              admissionReviewVersions: [v1]
              sideEffects: None
              clientConfig: {url: "https://127.0.0.1:1/m"}
              rules: [{apiGroups: [extensions], apiVersions: ["*"], operations: [DELETE], resources: [ingresses]}]
            """
        let session = try Session(kubeconfig: cluster.kubeconfig)
        try #require(await session.apply(webhook) == ["created MutatingWebhookConfiguration/other-group"])
        let asked = try await apply(ingress, cluster, knowing: known)
        #expect(asked.lines == ["unchanged Ingress/default/i"])
        #expect(asked.sent == 1)
    }

    /// A mutating webhook is asked about what was verified without it.
    private func expectWebhook(_ cluster: TestCluster, _ known: [UInt8]) async throws {
        let changed = try await apply(Self.map, cluster, knowing: known)
        let again = try await apply(Self.map, cluster, knowing: changed.kept)
        #expect(try await apply(Self.map, cluster, knowing: again.kept).sent == 0)
        let authority = try TestAuthority()
        let bundle = Base64.encode(try Files.read(authority.certificatePath))
        let patch = Base64.encode(Array(#"[{"op": "add", "path": "/data/webhook", "value": "was here"}]"#.utf8))
        let review = """
            {"apiVersion": "admission.k8s.io/v1beta1", "kind": "AdmissionReview", "response": \
            {"uid": "", "allowed": true, "patchType": "JSONPatch", "patch": "\(patch)"}}
            """
        let server = try WebhookServer(
            try authority.issue("webhook", names: ["IP:127.0.0.1"]),
            status: "200 OK",
            body: review
        )
        let webhook = """
            apiVersion: admissionregistration.k8s.io/v1
            kind: MutatingWebhookConfiguration
            metadata: {name: w}
            webhooks:
            - name: w.example.test
              admissionReviewVersions: [v1beta1]
              sideEffects: None
              clientConfig: {url: "\(server.url)/m", caBundle: \(bundle)}
              rules: [{apiGroups: [""], apiVersions: [v1], operations: ["*"], resources: [configmaps]}]
            """
        let session = try Session(kubeconfig: cluster.kubeconfig)
        try #require(await session.apply(webhook) == ["created MutatingWebhookConfiguration/w"])
        let path = "/api/v1/namespaces/default/configmaps/m"
        // The server calls a webhook some moments after it was created.
        let isCalled = try await becomes {
            _ = try await apply(Self.map, cluster, knowing: again.kept)
            return try await session.object(path)?["data"]?["webhook"]?.string == "was here"
        }
        #expect(isCalled)
        let settled = try await apply(Self.map, cluster, knowing: nil)
        #expect(settled.lines == ["unchanged ConfigMap/default/m"])
        let next = try await apply(Self.map, cluster, knowing: settled.kept)
        #expect(next.sent == 1, "a webhook may change it at any time")
    }
}
