import Testing
import YAML
@testable import Kubernetes

/// What takes part in an apply, and what does not.
struct ApplyInputsTests {
    private let live = """
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: d
          uid: u1
          generation: 2
          resourceVersion: "7"
          managedFields:
          - {manager: nest-bootstrap, operation: Apply, time: "T1", fieldsV1: {"f:spec": {"f:replicas": {}}}}
          - manager: kube-controller-manager
            operation: Update
            time: "T2"
            fieldsV1: {"f:metadata": {"f:annotations": {}}, "f:status": {"f:replicas": {}}}
          - {manager: kubelet, operation: Update, subresource: status, time: "T2", fieldsV1: {"f:status": {"f:a": {}}}}
        spec: {replicas: 1}
        status: {replicas: 1}
        """

    private func digest(
        _ live: String,
        body: String = "{spec: {replicas: 1}}",
        serverVersion: String = "v1.36.2 a",
        definition: String = "",
    ) throws -> String {
        try ApplyInputs(
            body: node(body),
            live: node(live),
            serverVersion: serverVersion,
            definition: definition
        ).digest
    }

    @Test(arguments: [
        ("status: {replicas: 1}", "status: {replicas: 0}"),
        ("resourceVersion: \"7\"", "resourceVersion: \"8\""),
        ("time: \"T2\"", "time: \"T3\""),
        ("\"f:status\": {\"f:replicas\": {}}", "\"f:status\": {\"f:readyReplicas\": {}}"),
        (", \"f:status\": {\"f:replicas\": {}}", ""),
        (", fieldsV1: {\"f:status\": {\"f:a\": {}}}}", ", fieldsV1: {\"f:status\": {\"f:b\": {}}}}"),
    ])
    func `a status changes without an effect`(old: String, new: String) throws {
        let changed = live.replacing(old, with: new)
        try #require(changed != live)
        #expect(try digest(changed) == digest(live))
    }

    @Test(arguments: [
        ("uid: u1", "uid: u2"), ("generation: 2", "generation: 3"), ("spec: {replicas: 1}", "spec: {replicas: 2}"),
        ("  uid: u1", "  labels: {a: b}\n  uid: u1"), ("operation: Apply", "operation: Update"),
        ("manager: nest-bootstrap", "manager: other"),
        ("{\"f:spec\": {\"f:replicas\": {}}}", "{\"f:spec\": {\"f:paused\": {}}}"),
        ("\"f:annotations\": {}", "\"f:labels\": {}"),
    ])
    func `everything else of the object has an effect`(old: String, new: String) throws {
        let changed = live.replacing(old, with: new)
        try #require(changed != live)
        #expect(try digest(changed) != digest(live))
    }

    @Test func `the manifest, the server and the definition have an effect`() throws {
        let digests = try [
            digest(live), digest(live, body: "{spec: {replicas: 2}}"), digest(live, serverVersion: "v1.36.3 b"),
            digest(live, definition: "u 1"), digest(live, definition: "u 2"),
        ]
        #expect(Set(digests).count == digests.count)
    }

    @Test func `what is kept is read again, and anything else counts as nothing`() throws {
        let first = VerifiedObjects()
        #expect(first.json == nil)
        first.record("d1", at: "/a")
        first.record("d2", at: "/b")
        let json = try #require(first.json)
        let second = VerifiedObjects(json: json)
        #expect(second.contains("d1", at: "/a"))
        #expect(!second.contains("d1", at: "/b"))
        // An object that was not found again is not kept.
        #expect(VerifiedObjects(json: second.json).contains("d1", at: "/a"))
        #expect(!VerifiedObjects(json: second.json).contains("d2", at: "/b"))
        #expect(second.contains("d2", at: "/b"))
        #expect(second.json == nil)
        for text in [
            "", "[", "[]", "{}", "{\"version\": 2, \"objects\": {\"/a\": \"d1\"}}", "{\"version\": 1, \"objects\": 1}",
        ] {
            #expect(!VerifiedObjects(json: Array(text.utf8)).contains("d1", at: "/a"), "\(text)")
        }
    }
}
