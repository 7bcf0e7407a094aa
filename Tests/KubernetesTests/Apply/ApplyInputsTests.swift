import TLS
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
        manifest: String = "{spec: {replicas: 1}}",
        serverVersion: String = "v1.36.2 a",
        definition: String = "",
        convertsByWebhook: Bool = false,
        hasStatusSubresource: Bool = true,
        ofMetadata: Bool = false,
    ) throws -> String? {
        let inputs = ApplyInputs(
            manifestDigest: ApplyInputs.digest(ofManifest: try node(manifest)),
            serverVersion: serverVersion,
            definition: KnownTraits.Definition(state: definition, convertsByWebhook: convertsByWebhook)
        )
        let object = try node(live)
        guard !ofMetadata else { return inputs.digest(ofMetadata: object) }
        return inputs.digest(of: object, hasStatusSubresource: hasStatusSubresource)
    }

    /// The live object with another text in it.
    private func changed(_ old: String, to new: String) throws -> String {
        let changed = live.replacing(old, with: new)
        try #require(changed != live)
        return changed
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
        let changed = try changed(old, to: new)
        #expect(try digest(changed) == digest(live))
    }

    @Test(arguments: [
        ("status: {replicas: 1}", "status: {replicas: 0}"),
        ("\"f:status\": {\"f:replicas\": {}}", "\"f:status\": {\"f:readyReplicas\": {}}"),
        (", fieldsV1: {\"f:status\": {\"f:a\": {}}}}", ", fieldsV1: {\"f:status\": {\"f:b\": {}}}}"),
    ])
    func `a status without a subresource has an effect`(old: String, new: String) throws {
        let changed = try changed(old, to: new)
        #expect(try digest(changed, hasStatusSubresource: false) != digest(live, hasStatusSubresource: false))
    }

    @Test func `metadata say nothing about an object that a webhook converts`() throws {
        #expect(try digest(live, convertsByWebhook: true, ofMetadata: true) == nil)
        #expect(try digest(live, convertsByWebhook: true) == digest(live))
    }

    @Test(arguments: [
        ("uid: u1", "uid: u2"), ("generation: 2", "generation: 3"), ("spec: {replicas: 1}", "spec: {replicas: 2}"),
        ("  uid: u1", "  labels: {a: b}\n  uid: u1"), ("operation: Apply", "operation: Update"),
        ("manager: nest-bootstrap", "manager: other"),
        ("{\"f:spec\": {\"f:replicas\": {}}}", "{\"f:spec\": {\"f:paused\": {}}}"),
        ("\"f:annotations\": {}", "\"f:labels\": {}"),
    ])
    func `everything else of the object has an effect`(old: String, new: String) throws {
        let changed = try changed(old, to: new)
        #expect(try digest(changed) != digest(live))
    }

    @Test(arguments: [
        ("uid: u1", "uid: u2"), ("resourceVersion: \"7\"", "resourceVersion: \"8\""), ("time: \"T2\"", "time: \"T3\""),
        ("\"f:status\": {\"f:replicas\": {}}", "\"f:status\": {\"f:readyReplicas\": {}}"),
    ])
    func `all metadata have an effect`(old: String, new: String) throws {
        let changed = try changed(old, to: new)
        #expect(try digest(changed, ofMetadata: true) != digest(live, ofMetadata: true))
    }

    @Test func `metadata are the same in another order, and without the object`() throws {
        let digest = try digest(
            "{kind: D, metadata: {uid: u, annotations: {a: b}, managedFields: [{p: 1, q: 2}]}, spec: {}}",
            ofMetadata: true
        )
        let same = "{metadata: {managedFields: [{q: 2, p: 1}], uid: u}, kind: PartialObjectMetadata}"
        #expect(try self.digest(same, ofMetadata: true) == digest)
        let other = "{metadata: {managedFields: [{q: 1, p: 2}], uid: u}, kind: PartialObjectMetadata}"
        #expect(try self.digest(other, ofMetadata: true) != digest)
    }

    @Test func `the manifest, the server and the definition have an effect`() throws {
        for ofMetadata in [false, true] {
            let digests = try [
                digest(live, ofMetadata: ofMetadata),
                digest(live, manifest: "{spec: {replicas: 2}}", ofMetadata: ofMetadata),
                digest(live, serverVersion: "v1.36.3 b", ofMetadata: ofMetadata),
                digest(live, definition: "u 1", ofMetadata: ofMetadata),
                digest(live, definition: "u 2", ofMetadata: ofMetadata),
            ]
            #expect(Set(digests).count == digests.count)
        }
    }

    @Test func `what is kept is read again, and anything else counts as nothing`() throws {
        let first = VerifiedObjects()
        #expect(first.json == nil)
        let a = VerifiedObjects.Entry(path: "/a", plural: "p", objectDigest: "d1", metadataDigest: "e1")
        let b = VerifiedObjects.Entry(path: "/b", plural: "q", objectDigest: "d2", metadataDigest: nil)
        first.record(a, for: "a")
        first.record(b, for: "b")
        let json = try #require(first.json)
        let second = VerifiedObjects(json: json)
        #expect(second.entry(for: "a") == a)
        #expect(second.entry(for: "b") == b)
        // An object that was not found again is not kept.
        second.record(a, for: "a")
        #expect(VerifiedObjects(json: second.json).entry(for: "a") == a)
        #expect(VerifiedObjects(json: second.json).entry(for: "b") == nil)
        second.record(b, for: "b")
        #expect(second.json == nil)
    }

    /// A file of version 3 with the digest of its objects, in which a text is replaced afterwards.
    private func file(_ objects: String, _ old: String = "", _ new: String = "") -> [UInt8] {
        let text = #"{"version":3,"objects":\#(objects),"digest":"\#(sha256(Array(objects.utf8)))"}"#
        return Array((old.isEmpty ? text : text.replacing(old, with: new)).utf8)
    }

    @Test func `a file that is damaged, or of another version, counts as nothing`() throws {
        let entry = #"{"path":"/a","plural":"p","object":"d1","metadata":"e1"}"#
        let objects = #"{"a":\#(entry)}"#
        let a = VerifiedObjects.Entry(path: "/a", plural: "p", objectDigest: "d1", metadataDigest: "e1")
        #expect(VerifiedObjects(json: file(objects)).entry(for: "a") == a)
        let first = VerifiedObjects()
        first.record(a, for: "a")
        #expect(first.json == file(objects))
        let damaged = [
            file(objects, "/a", "/ b"), file(objects, #":"p""#, #":"q""#), file(objects, "d1", "d2"),
            file(objects, "e1", "e2"), file(objects, #""a":"#, #""b":"#), file(objects, #","metadata":"e1""#, ""),
            file(objects, #""version":3"#, #""version":2"#), file(objects, #""digest""#, #""digests""#), file("1"),
            file(#"{"a":"d1"}"#), file(#"{"a":{"path":"/a"}}"#),
        ]
        let others = ["", "[", "[]", "{}", #"{"version":3,"objects":\#(objects)}"#].map { Array($0.utf8) }
        for json in damaged + others {
            let known = VerifiedObjects(json: json)
            let text = String(decoding: json, as: UTF8.self)
            #expect(known.entry(for: "a") == nil && known.entry(for: "b") == nil, "\(text)")
        }
    }

    @Test func `what is known of an object that could not be verified is kept`() throws {
        let a = VerifiedObjects.Entry(path: "/a", plural: "p", objectDigest: "d1", metadataDigest: "e1")
        let b = VerifiedObjects.Entry(path: "/b", plural: "p", objectDigest: "d2", metadataDigest: nil)
        let first = VerifiedObjects()
        first.record(a, for: "a")
        first.record(b, for: "b")
        let second = VerifiedObjects(json: first.json)
        second.keep("a")
        second.keep("c")
        let third = VerifiedObjects(json: second.json)
        #expect(third.entry(for: "a") == a)
        #expect(third.entry(for: "b") == nil)
        #expect(third.entry(for: "c") == nil)
    }
}
