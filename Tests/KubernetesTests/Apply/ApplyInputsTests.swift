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
          - {manager: nest-bootstrap, operation: Apply, time: "2026-01-01T00:00:01Z", fieldsV1: {"f:spec": {"f:replicas": {}}}}
          - manager: kube-controller-manager
            operation: Update
            time: "2026-01-01T00:00:02Z"
            fieldsV1: {"f:metadata": {"f:annotations": {}}, "f:status": {"f:replicas": {}}}
          - {manager: kubelet, operation: Update, subresource: status, time: "2026-01-01T00:00:02Z", fieldsV1: {"f:status": {"f:a": {}}}}
        spec: {replicas: 1}
        status: {replicas: 1}
        """

    private func digest(
        _ live: String,
        manifest: String = "{spec: {replicas: 1}}",
        hasStatusSubresource: Bool = true,
        ofMetadata: Bool = false,
    ) throws -> SHA256Digest {
        let inputs = ApplyInputs(manifestDigest: ApplyInputs.digest(ofManifest: try node(manifest)), [])
        let object = try node(live)
        guard !ofMetadata else { return inputs.digest(ofMetadata: ObjectMetadata(of: object)) }
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
        ("time: \"2026-01-01T00:00:02Z\"", "time: \"2026-01-01T00:00:03Z\""),
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
        ("uid: u1", "uid: u2"), ("resourceVersion: \"7\"", "resourceVersion: \"8\""),
        ("generation: 2", "generation: 3"),
        ("time: \"2026-01-01T00:00:02Z\"", "time: \"2026-01-01T00:00:03Z\""), ("manager: kubelet", "manager: other"),
        ("subresource: status", "subresource: scale"), ("operation: Apply", "operation: Update"),
    ])
    func `metadata of another state have an effect`(old: String, new: String) throws {
        let changed = try changed(old, to: new)
        #expect(try digest(changed, ofMetadata: true) != digest(live, ofMetadata: true))
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

    private static func digest(of text: String) -> SHA256Digest {
        var digest = SHA256()
        digest.update(Array(text.utf8))
        return digest.finish()
    }

    /// An object that is verified once it was recorded twice, with digests of these texts.
    private func entry(_ object: String, server: String? = "s", firstFound: Int64? = nil) -> VerifiedObjects.Entry {
        VerifiedObjects.Entry(
            plural: "p",
            isNamespaced: true,
            objectDigest: Self.digest(of: object),
            metadataDigest: Self.digest(of: "m\(object)"),
            serverDigest: server.map(Self.digest),
            firstFound: firstFound
        )
    }

    /// Records an entry in a run that begins and ends at some time, and returns what is kept of it.
    private func recorded(
        _ entry: VerifiedObjects.Entry,
        _ begin: Int64,
        _ end: Int64,
        knowing text: [UInt8]?
    ) -> (entry: VerifiedObjects.Entry?, text: [UInt8]?) {
        let objects = VerifiedObjects(text: text, now: { end })
        objects.record(entry, for: "a", requestedAt: begin)
        let kept = objects.text ?? text
        return (VerifiedObjects(text: kept).entry(for: "a"), kept)
    }

    @Test func `an object is verified by two requests some time apart`() throws {
        let first = recorded(entry("d"), 1000, 1500, knowing: nil)
        #expect(first.entry == entry("d", firstFound: 1500))
        #expect(recorded(entry("d"), 3499, 9000, knowing: first.text).entry?.firstFound == 1500)
        let verified = recorded(entry("d"), 3500, 3600, knowing: first.text)
        #expect(verified.entry == entry("d"))
        #expect(recorded(entry("d"), 4000, 4000, knowing: verified.text).text == verified.text)
        #expect(recorded(entry("e"), 9000, 9500, knowing: verified.text).entry?.firstFound == 9500)
        #expect(recorded(entry("d", server: "t"), 9000, 9500, knowing: verified.text).entry?.firstFound == 9500)
        #expect(
            recorded(entry("d"), 500, 600, knowing: first.text).entry?.firstFound == 600,
            "the machine was started again"
        )
    }

    @Test func `what was found while not all was known verifies nothing, and takes nothing back`() throws {
        let unknown = recorded(entry("d", server: nil), 0, 0, knowing: nil)
        #expect(recorded(entry("d", server: nil), 9000, 9000, knowing: unknown.text).entry?.firstFound == 0)
        #expect(recorded(entry("d"), 9000, 9000, knowing: unknown.text).entry?.firstFound == 9000)
        let first = recorded(entry("d"), 0, 0, knowing: nil)
        let interrupted = recorded(entry("d", server: nil), 500, 500, knowing: first.text)
        #expect(recorded(entry("d"), 9000, 9000, knowing: interrupted.text).entry?.firstFound == 9000, "begun again")
        let verified = recorded(entry("d"), 9000, 9000, knowing: first.text)
        #expect(recorded(entry("d", server: nil), 9500, 9500, knowing: verified.text).text == verified.text)
        #expect(recorded(entry("e", server: nil), 9500, 9500, knowing: verified.text).entry?.serverDigest == nil)
    }

    @Test func `what is kept is read again, and anything else counts as nothing`() throws {
        let first = VerifiedObjects(now: { 5 })
        #expect(first.text == nil)
        var a = entry("d1")
        var b = entry("d2")
        (b.metadataDigest, b.isNamespaced) = (nil, false)
        first.record(a, for: "a", requestedAt: 0)
        first.record(b, for: "b", requestedAt: 0)
        (a.firstFound, b.firstFound) = (5, 5)
        let text = try #require(first.text)
        let second = VerifiedObjects(text: text, now: { 6 })
        #expect(second.entry(for: "a") == a)
        #expect(second.entry(for: "b") == b)
        // An object that was not found again is not kept.
        second.record(a, for: "a", requestedAt: 5)
        #expect(VerifiedObjects(text: second.text).entry(for: "a") == a)
        #expect(VerifiedObjects(text: second.text).entry(for: "b") == nil)
        second.record(b, for: "b", requestedAt: 5)
        #expect(second.text == nil)
    }

    /// A file with these lines, in which a text is replaced after its digest was computed.
    private func file(_ lines: String, _ old: String = "", _ new: String = "") -> [UInt8] {
        let text = "nest-bootstrap verified objects 5 \(sha256(Array(lines.utf8)))\n\(lines)"
        return Array((old.isEmpty ? text : text.replacing(old, with: new)).utf8)
    }

    @Test func `a file that is damaged, or of another version, counts as nothing`() throws {
        let digests = ["d1", "md1", "s"].map { "\(Self.digest(of: $0))" }
        let line = "a\tp\tnamespaced\t\(digests.joined(separator: "\t"))\t5\n"
        #expect(VerifiedObjects(text: file(line)).entry(for: "a") == self.entry("d1", firstFound: 5))
        let first = VerifiedObjects(now: { 5 })
        first.record(self.entry("d1"), for: "a", requestedAt: 0)
        #expect(first.text == file(line))
        let damaged = [
            file(line, "\tp\t", "\tq\t"), file(line, digests[0], "\(Self.digest(of: "d2"))"),
            file(line, "namespaced", ""),
            file(line, "\t5", "\t4"),
            file(line, "a\tp", "b\tp"), file(line, "objects 5", "objects 4"), file(line, "objects 5", "objects 6"),
            file(line.replacing("\t5", with: "\t-9223372036854775808")), file(line.replacing("\t5", with: "\t1.5")),
            file(line.replacing("\tp\t", with: "\t../p\t")), file(line.replacing(digests[0], with: "")),
            file(line.replacing(digests[1], with: "md1")),
            file(line.replacing(digests[2], with: digests[2].uppercased())),
            file(line.replacing("\t5", with: "")), file(line.replacing("\t5", with: "\t5\t5")), file("a\n"), file(""),
            file("\n\t\n"),
            file(line).dropLast(), file(line) + [0x0A],
        ]
        let others = ["", "[", "{}", "nest-bootstrap verified objects 5", line].map { Array($0.utf8) }
        for bytes in damaged + others {
            let known = VerifiedObjects(text: Array(bytes))
            let text = String(decoding: bytes, as: UTF8.self)
            #expect(known.entry(for: "a") == nil && known.entry(for: "b") == nil, "\(text)")
        }
    }

    @Test func `what is known of an object that could not be verified is kept`() throws {
        let first = VerifiedObjects(now: { 5 })
        first.record(entry("d1"), for: "a", requestedAt: 0)
        first.record(entry("d2"), for: "b", requestedAt: 0)
        let second = VerifiedObjects(text: first.text)
        second.keep("a")
        second.keep("c")
        let third = VerifiedObjects(text: second.text)
        #expect(third.entry(for: "a") == entry("d1", server: nil, firstFound: 5))
        #expect(third.entry(for: "b") == nil)
        #expect(third.entry(for: "c") == nil)
    }
}
