import Base
import TLS
import TestSupport
import Testing
import YAML
@testable import Kubernetes

/// Objects that are as they were written, with replies that a real server does not give on demand.
@Suite(.timeLimit(.minutes(15)))
struct VerificationTests {
    private static let map = """
        {apiVersion: v1, kind: ConfigMap, metadata: {name: m, namespace: ns}, data: {a: b}, immutable: true}
        """

    /// An object as the server has it, whose fields are the agent's.
    private static func live(_ apiVersion: String, _ metadata: String, _ fields: String, _ content: String) -> String {
        let entry = #"{"manager":"nest-bootstrap","operation":"Apply","time":"T","fieldsV1":\#(fields)}"#
        return
            #"{"apiVersion":"\#(apiVersion)",\#(metadata),"uid":"1","resourceVersion":"7","managedFields":[\#(entry)]},"#
            + "\(content)}"
    }

    @Test func `a webhook that cannot be asked fails no object that is as it was written`() async throws {
        let isDown = Locked(false)
        let live = Self.live(
            "v1",
            #""kind":"ConfigMap","metadata":{"name":"m","namespace":"ns""#,
            #"{"f:data":{"f:a":{}},"f:immutable":{}}"#,
            #""data":{"a":"b"},"immutable":true"#
        )
        let failure =
            #"failed calling webhook \"w.example.test\": failed to call webhook: Post: connect: connection refused"#
        let fake = try FakeAPIServer { request in
            guard request.target.hasPrefix("/api/v1/namespaces/ns/configmaps/m") else { return nil }
            guard request.method == "PATCH", isDown.withLock({ $0 }) else { return FakeAPIServer.json(200, live) }
            return FakeAPIServer.json(
                500,
                #"{"reason":"InternalError","message":"Internal error occurred: \#(failure)"}"#
            )
        }
        let written = VerifiedObjects()
        // The server does not say what it has, as to a user who may not list webhooks.
        #expect(await (try fake.session()).apply(Self.map, verified: written) == ["unchanged ConfigMap/ns/m"])
        isDown.withLock { $0 = true }
        let lines = await (try fake.session()).apply(Self.map, verified: VerifiedObjects(text: written.text))
        #expect(lines.last == "unchanged ConfigMap/ns/m")
        #expect(lines.count == 2 && lines[0].hasPrefix("warning ConfigMap/ns/m: it is as before, and "), "\(lines)")
        let refused = await (try fake.session()).apply(
            Self.map.replacing("a: b", with: "a: c"),
            verified: VerifiedObjects(text: written.text),
            retryPolicy: Session.retryPolicy(.seconds(2))
        )
        #expect(!refused.isEmpty)
        #expect(refused.allSatisfy { !$0.hasPrefix("unchanged ") }, "\(refused)")
    }

    @Test func `a status without a subresource is applied`() async throws {
        @Sendable func widget(status: Int) -> String {
            Self.live(
                "a.test/v1",
                #""kind":"Widget","metadata":{"name":"w","namespace":"default""#,
                #"{"f:spec":{"f:a":{}},"f:status":{"f:b":{}}}"#,
                #""spec":{"a":1},"status":{"b":\#(status)}"#
            )
        }
        let fake = try FakeAPIServer { request in
            guard request.target.hasPrefix("/apis/a.test/v1/namespaces/default/widgets/w") else { return nil }
            return FakeAPIServer.json(200, widget(status: request.method == "PATCH" ? 1 : 2))
        }
        let manifest = "{apiVersion: a.test/v1, kind: Widget, metadata: {name: w}, spec: {a: 1}, status: {b: 1}}"
        #expect(await (try fake.session()).apply(manifest) == ["configured Widget/default/w\n  status.b"])
    }
}

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

    private func digest(_ live: String) throws -> SHA256Digest {
        let manifest = ApplyInputs.digest(ofManifest: try node("{spec: {replicas: 1}}"))
        return ApplyInputs(manifestDigest: manifest, []).digest(of: try node(live), hasStatusSubresource: true)
    }

    @Test(arguments: [
        ("status: {replicas: 1}", "status: {replicas: 0}", false),
        (", \"f:status\": {\"f:replicas\": {}}", "", false), ("uid: u1", "uid: u2", true),
        ("spec: {replicas: 1}", "spec: {replicas: 2}", true), ("operation: Apply", "operation: Update", true),
        ("\"f:annotations\": {}", "\"f:labels\": {}", true),
    ])
    func `everything but the status has an effect`(old: String, new: String, hasEffect: Bool) throws {
        let changed = live.replacing(old, with: new)
        try #require(changed != live)
        #expect(try (digest(changed) != digest(live)) == hasEffect)
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
            file(line, "\tp\t", "\tq\t"), file(line, "objects 5", "objects 4"),
            file(line.replacing("\t5", with: "\t1.5")), file(line.replacing("\tp\t", with: "\t../p\t")),
            file(line.replacing(digests[1], with: "md1")), file("a\n"), file("\n\t\n"), file(line).dropLast(),
        ]
        let others = ["", "{}", "nest-bootstrap verified objects 5", line].map { Array($0.utf8) }
        for bytes in damaged + others {
            let known = VerifiedObjects(text: Array(bytes))
            let text = String(decoding: bytes, as: UTF8.self)
            #expect(known.entry(for: "a") == nil && known.entry(for: "b") == nil, "\(text)")
        }
    }
}
