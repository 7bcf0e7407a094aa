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
        hasStatusSubresource: Bool = true,
        ofMetadata: Bool = false,
    ) throws -> String {
        let inputs = ApplyInputs(manifestDigest: ApplyInputs.digest(ofManifest: try node(manifest)))
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

    @Test func `the manifest has an effect`() throws {
        for ofMetadata in [false, true] {
            let other = try digest(live, manifest: "{spec: {replicas: 2}}", ofMetadata: ofMetadata)
            #expect(try digest(live, ofMetadata: ofMetadata) != other)
        }
    }

    @Test func `the version of the server and the state of the definition have an effect`() {
        let digests = [("v1.36.2 a", ""), ("v1.36.3 b", ""), ("v1.36.2 a", "u 1"), ("v1.36.2 a", "u 2")].map {
            ApplyInputs.Server(version: $0, definition: KnownTraits.Definition(state: $1)).digest
        }
        #expect(Set(digests).count == digests.count)
    }

    /// An object that is verified once it was recorded twice, with these digests.
    private func entry(_ object: String, server: String? = "s", firstFound: Int64? = nil) -> VerifiedObjects.Entry {
        VerifiedObjects.Entry(
            plural: "p",
            isNamespaced: true,
            objectDigest: object,
            metadataDigest: "m\(object)",
            serverDigest: server,
            firstFound: firstFound
        )
    }

    /// Records an entry in a run that begins and ends at some time, and returns what is kept of it.
    private func recorded(
        _ entry: VerifiedObjects.Entry,
        _ begin: Int64,
        _ end: Int64,
        knowing json: [UInt8]?
    ) -> (entry: VerifiedObjects.Entry?, json: [UInt8]?) {
        let objects = VerifiedObjects(json: json, now: { end })
        objects.record(entry, for: "a", requestedAt: begin)
        let kept = objects.json ?? json
        return (VerifiedObjects(json: kept).entry(for: "a"), kept)
    }

    @Test func `an object is verified by two requests some time apart`() throws {
        let first = recorded(entry("d"), 1000, 1500, knowing: nil)
        #expect(first.entry == entry("d", firstFound: 1500))
        #expect(recorded(entry("d"), 3499, 9000, knowing: first.json).entry?.firstFound == 1500)
        let verified = recorded(entry("d"), 3500, 3600, knowing: first.json)
        #expect(verified.entry == entry("d"))
        #expect(recorded(entry("d"), 4000, 4000, knowing: verified.json).json == verified.json)
        #expect(recorded(entry("e"), 9000, 9500, knowing: verified.json).entry?.firstFound == 9500)
        #expect(recorded(entry("d", server: "t"), 9000, 9500, knowing: verified.json).entry?.firstFound == 9500)
        #expect(
            recorded(entry("d"), 500, 600, knowing: first.json).entry?.firstFound == 600,
            "the machine was started again"
        )
    }

    @Test func `what was found while not all was known verifies nothing, and takes nothing back`() throws {
        let unknown = recorded(entry("d", server: nil), 0, 0, knowing: nil)
        #expect(recorded(entry("d", server: nil), 9000, 9000, knowing: unknown.json).entry?.firstFound == 0)
        #expect(recorded(entry("d"), 9000, 9000, knowing: unknown.json).entry?.firstFound == 9000)
        let first = recorded(entry("d"), 0, 0, knowing: nil)
        let interrupted = recorded(entry("d", server: nil), 500, 500, knowing: first.json)
        #expect(recorded(entry("d"), 9000, 9000, knowing: interrupted.json).entry?.firstFound == 9000, "begun again")
        let verified = recorded(entry("d"), 9000, 9000, knowing: first.json)
        #expect(recorded(entry("d", server: nil), 9500, 9500, knowing: verified.json).json == verified.json)
        #expect(recorded(entry("e", server: nil), 9500, 9500, knowing: verified.json).entry?.serverDigest == nil)
    }

    @Test func `what is kept is read again, and anything else counts as nothing`() throws {
        let first = VerifiedObjects(now: { 5 })
        #expect(first.json == nil)
        var a = entry("d1")
        var b = entry("d2")
        (b.metadataDigest, b.isNamespaced) = (nil, false)
        first.record(a, for: "a", requestedAt: 0)
        first.record(b, for: "b", requestedAt: 0)
        (a.firstFound, b.firstFound) = (5, 5)
        let json = try #require(first.json)
        let second = VerifiedObjects(json: json, now: { 6 })
        #expect(second.entry(for: "a") == a)
        #expect(second.entry(for: "b") == b)
        // An object that was not found again is not kept.
        second.record(a, for: "a", requestedAt: 5)
        #expect(VerifiedObjects(json: second.json).entry(for: "a") == a)
        #expect(VerifiedObjects(json: second.json).entry(for: "b") == nil)
        second.record(b, for: "b", requestedAt: 5)
        #expect(second.json == nil)
    }

    /// A file of version 4 with the digest of its objects, in which a text is replaced afterwards.
    private func file(_ objects: String, _ old: String = "", _ new: String = "") -> [UInt8] {
        let text = #"{"version":4,"objects":\#(objects),"digest":"\#(sha256(Array(objects.utf8)))"}"#
        return Array((old.isEmpty ? text : text.replacing(old, with: new)).utf8)
    }

    @Test func `a file that is damaged, or of another version, counts as nothing`() throws {
        let entry = #"{"plural":"p","object":"d1","metadata":"md1","server":"s","namespaced":true,"firstFound":5}"#
        let objects = #"{"a":\#(entry)}"#
        #expect(VerifiedObjects(json: file(objects)).entry(for: "a") == self.entry("d1", firstFound: 5))
        let first = VerifiedObjects(now: { 5 })
        first.record(self.entry("d1"), for: "a", requestedAt: 0)
        #expect(first.json == file(objects))
        let damaged = [
            file(objects, #":"p""#, #":"q""#), file(objects, #":"d1""#, #":"d2""#), file(objects, "true", "false"),
            file(objects, "md1", "e2"), file(objects, #""s""#, #""t""#), file(objects, ":5", ":4"),
            file(#"{"a":\#(entry.replacing(":5", with: ":-9223372036854775808"))}"#),
            file(#"{"a":\#(entry.replacing(":5", with: ":1.5"))}"#),
            file(objects, #""a":"#, #""b":"#), file(objects, #","metadata":"md1""#, ""),
            file(objects, #""version":4"#, #""version":3"#), file(objects, #""digest""#, #""digests""#), file("1"),
            file(#"{"a":"d1"}"#), file(#"{"a":{"plural":"p"}}"#),
            file(#"{"a":\#(entry.replacing(#""p""#, with: #""../p""#))}"#),
        ]
        let others = ["", "[", "[]", "{}", #"{"version":4,"objects":\#(objects)}"#].map { Array($0.utf8) }
        for json in damaged + others {
            let known = VerifiedObjects(json: json)
            let text = String(decoding: json, as: UTF8.self)
            #expect(known.entry(for: "a") == nil && known.entry(for: "b") == nil, "\(text)")
        }
    }

    @Test func `what is known of an object that could not be verified is kept`() throws {
        let first = VerifiedObjects(now: { 5 })
        first.record(entry("d1"), for: "a", requestedAt: 0)
        first.record(entry("d2"), for: "b", requestedAt: 0)
        let second = VerifiedObjects(json: first.json)
        second.keep("a")
        second.keep("c")
        let third = VerifiedObjects(json: second.json)
        #expect(third.entry(for: "a") == entry("d1", server: nil, firstFound: 5))
        #expect(third.entry(for: "b") == nil)
        #expect(third.entry(for: "c") == nil)
    }
}
