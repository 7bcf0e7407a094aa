import Base
import TestSupport
import Testing
@testable import Kubernetes

/// When an object counts as verified, with replies that a real server does not give on demand.
@Suite(.timeLimit(.minutes(30)))
struct VerificationTests {
    private static let mapPath = "/api/v1/namespaces/ns/configmaps/m"
    private static let map = """
        {apiVersion: v1, kind: ConfigMap, metadata: {name: m, namespace: ns}, data: {a: b}, immutable: true}
        """
    private static let widgetPath = "/apis/a.test/v1/namespaces/default/widgets/w"
    private static let widget = """
        {apiVersion: a.test/v1, kind: Widget, metadata: {name: w}, spec: {a: 1}, status: {b: 1}}
        """
    private static let definitionPath = "\(FakeAPIServer.definitions)/widgets.a.test"
    private static let admission = "/apis/admissionregistration.k8s.io/v1"
    private static let webhook = """
        {apiVersion: admissionregistration.k8s.io/v1, kind: MutatingWebhookConfiguration, metadata: {name: w}}
        """

    /// The ConfigMap as the server has it.
    private static func liveMap(_ rest: String = #","immutable":true"#) -> String {
        #"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"m","namespace":"ns","uid":"1","resourceVersion":"7","#
            + managedFields(#"{"f:data":{"f:a":{}},"f:immutable":{}}"#) + #"},"data":{"a":"b"}\#(rest)}"#
    }

    /// The Widget as the server has it.
    private static func liveWidget(spec: Int = 1, status: Int = 1) -> String {
        #"{"apiVersion":"a.test/v1","kind":"Widget","metadata":{"name":"w","namespace":"default","uid":"2","#
            + #""resourceVersion":"7","# + managedFields(#"{"f:spec":{"f:a":{}},"f:status":{"f:b":{}}}"#)
            + #"},"spec":{"a":\#(spec)},"status":{"b":\#(status)}}"#
    }

    private static func managedFields(_ fields: String) -> String {
        #""managedFields":[{"manager":"nest-bootstrap","operation":"Apply","time":"T","fieldsV1":\#(fields)}]"#
    }

    /// The definition of the Widget with the fields that its manager has.
    private static func definition(_ managedFields: String) -> String {
        #"{"metadata":{"name":"widgets.a.test","uid":"3","generation":1,"managedFields":\#(managedFields)}}"#
    }

    private static let ordinaryDefinition = definition(#"[{"time":"T","fieldsV1":{"f:spec":{"f:group":{}}}}]"#)

    /// A server of 1.30 with objects by path, which an apply does not change unless it has another answer.
    private func server(
        _ objects: @escaping @Sendable (String) -> String?,
        applied: @escaping @Sendable (String) -> String? = { _ in nil },
        refuses: @escaping @Sendable (String) -> Bool = { _ in false },
    ) throws -> FakeAPIServer {
        try FakeAPIServer { request in
            let path = String(request.target.prefix { $0 != "?" })
            if refuses(path) { return FakeAPIServer.json(403, #"{"reason":"Forbidden","message":"not allowed"}"#) }
            if request.method == "PATCH" {
                return (applied(path) ?? objects(path)).map { FakeAPIServer.json(200, $0) }
            }
            if let object = objects(path) { return FakeAPIServer.json(200, object) }
            switch path {
            case "/version": return FakeAPIServer.json(200, #"{"gitVersion":"v1.30.0","gitCommit":"c"}"#)
            case "\(Self.admission)/mutatingwebhookconfigurations": return FakeAPIServer.json(200, #"{"items":[]}"#)
            case Self.admission:
                let kind = #""kind":"MutatingWebhookConfiguration","namespaced":false"#
                let list = #"{"name":"mutatingwebhookconfigurations",\#(kind)}"#
                return FakeAPIServer.json(200, FakeAPIServer.resourceList("admissionregistration.k8s.io/v1", list))
            default: return nil
            }
        }
    }

    /// Returns the file of two runs that apply a text some time apart and find it unchanged.
    private func verified(_ text: String, _ session: Session) async throws -> [UInt8] {
        let first = VerifiedObjects(now: { 0 })
        let lines = await session.apply(text, verified: first)
        #expect(lines.allSatisfy { $0.hasPrefix("unchanged ") } && !lines.isEmpty, "\(lines)")
        let second = VerifiedObjects(text: first.text, now: { 60_000 })
        #expect(await session.apply(text, verified: second) == lines)
        return try #require(second.text)
    }

    /// How many objects the server was asked to apply, or to say what an apply would change.
    private func applyCount(
        _ fake: FakeAPIServer,
        of work: () async -> [String]
    ) async -> (lines: [String], count: Int) {
        let before = fake.requests("PATCH ").count
        let lines = await work()
        return (lines, fake.requests("PATCH ").count - before)
    }

    @Test(arguments: [(#","immutable":true"#, true), ("", false)])
    func `an object without one of its applied fields is not verified`(rest: String, isVerified: Bool) async throws {
        let live = Self.liveMap(rest)
        let fake = try server { $0 == Self.mapPath ? live : nil }
        let verified = VerifiedObjects()
        let lines = await (try fake.session()).apply(Self.map, verified: verified)
        #expect(lines == ["unchanged ConfigMap/ns/m"])
        #expect((verified.text != nil) == isVerified)
    }

    @Test func `what is known of a server is read again after a task has changed something`() async throws {
        let fake = try server { $0 == Self.mapPath ? Self.liveMap() : nil }
        let session = try fake.session()
        let known = try await verified(Self.map, session)
        for (isChanged, versionCount) in [(false, 1), (true, 2), (false, 2), (true, 3)] {
            if isChanged { session.client.traits.changes.recordTask() }
            let next = await applyCount(fake) { await session.apply(Self.map, verified: VerifiedObjects(text: known)) }
            #expect(next.lines == ["unchanged ConfigMap/ns/m"])
            #expect(next.count == 0)
            #expect(fake.requests("GET /version").count == versionCount)
            #expect(fake.requests("GET \(Self.admission)/mutatingwebhookconfigurations").count == versionCount)
        }
    }

    @Test func `a definition is read again after a task has changed something`() async throws {
        let fake = try server {
            [Self.widgetPath: Self.liveWidget(), Self.definitionPath: Self.ordinaryDefinition][$0]
        }
        let session = try fake.session()
        for (isChanged, count) in [(false, 1), (false, 1), (true, 2)] {
            if isChanged { session.client.traits.changes.recordTask() }
            let verified = VerifiedObjects()
            #expect(await session.apply(Self.widget, verified: verified) == ["unchanged Widget/default/w"])
            #expect(verified.text != nil)
            #expect(fake.requests("GET \(Self.definitionPath)").count == count)
        }
    }

    @Test func `after a webhook was written every object for which it may be is asked about`() async throws {
        let isWritten = Locked(false)
        let rule = #"{"items":[{"webhooks":[{"rules":[{"resources":["configmaps"]}]}]}]}"#
        let fake = try server { path in
            guard path.hasPrefix(Self.admission) else { return path == Self.mapPath ? Self.liveMap() : nil }
            return path.hasSuffix("/mutatingwebhookconfigurations") && isWritten.withLock { $0 } ? rule : nil
        }
        let session = try fake.session()
        let known = try await verified(Self.map, session)
        #expect(await session.apply(Self.webhook) == ["created MutatingWebhookConfiguration/w"])
        isWritten.withLock { $0 = true }
        let again = VerifiedObjects(text: known)
        let next = await applyCount(fake) { await session.apply(Self.map, verified: again) }
        #expect(next.lines == ["unchanged ConfigMap/ns/m"])
        #expect(next.count == 1)
        #expect(again.text == nil, "what was known is kept for when it is gone")
        isWritten.withLock { $0 = false }
        let later = try fake.session()
        let last = await applyCount(fake) { await later.apply(Self.map, verified: VerifiedObjects(text: known)) }
        #expect(last.count == 0)
    }

    @Test func `a dry run that shows what a deleted policy has made is not believed for ever`() async throws {
        let isObeyed = Locked(true)
        let other = Self.liveMap().replacing(#""a":"b""#, with: #""a":"mutated""#)
        let live = Locked(other)
        let fake = try server(
            { $0 == Self.mapPath ? live.withLock { $0 } : nil },
            // The policy is no longer listed, and still obeyed.
            applied: { $0 == Self.mapPath ? isObeyed.withLock { $0 } ? other : Self.liveMap() : nil },
        )
        let first = VerifiedObjects(now: { 0 })
        let unchanged = ["unchanged ConfigMap/ns/m"]
        #expect(await (try fake.session()).apply(Self.map, verified: first) == unchanged)
        isObeyed.withLock { $0 = false }
        let second = VerifiedObjects(text: first.text, now: { 60_000 })
        let lines = await (try fake.session()).apply(Self.map, verified: second)
        #expect(lines == ["configured ConfigMap/ns/m\n  data.a"])
        live.withLock { $0 = Self.liveMap() }
        let third = VerifiedObjects(text: second.text, now: { 120_000 })
        #expect(await (try fake.session()).apply(Self.map, verified: third) == unchanged)
    }

    @Test func `a webhook that cannot be asked fails no object that is as it was written`() async throws {
        let isDown = Locked(false)
        let failure =
            #"failed calling webhook \"w.example.test\": failed to call webhook: Post: connect: connection refused"#
        let fake = try FakeAPIServer { request in
            guard request.target.hasPrefix(Self.mapPath) else { return nil }
            guard request.method == "PATCH", isDown.withLock({ $0 }) else {
                return FakeAPIServer.json(200, Self.liveMap())
            }
            return FakeAPIServer.json(
                500,
                #"{"reason":"InternalError","message":"Internal error occurred: \#(failure)"}"#
            )
        }
        let written = VerifiedObjects()
        // The server does not say what it has, as to a user who may not list webhooks.
        #expect(await (try fake.session()).apply(Self.map, verified: written) == ["unchanged ConfigMap/ns/m"])
        isDown.withLock { $0 = true }
        let known = VerifiedObjects(text: written.text)
        let lines = await (try fake.session()).apply(Self.map, verified: known)
        #expect(lines.last == "unchanged ConfigMap/ns/m")
        #expect(lines.count == 2 && lines[0].hasPrefix("warning ConfigMap/ns/m: it is as before, and "), "\(lines)")
        #expect(known.text == nil)
        let policy = Session.retryPolicy(.seconds(2))
        let changed = Self.map.replacing("a: b", with: "a: c")
        let refused = await (try fake.session()).apply(
            changed,
            verified: VerifiedObjects(text: written.text),
            retryPolicy: policy
        )
        #expect(!refused.isEmpty)
        #expect(refused.allSatisfy { !$0.hasPrefix("unchanged ") }, "\(refused)")
    }

    @Test func `an object that a webhook converts is read as a whole`() async throws {
        let spec = Locked(1)
        let webhook = #"{"f:spec":{"f:conversion":{"f:strategy":{},"f:webhook":{"f:clientConfig":{}}}}}"#
        let definition = Self.definition(#"[{"time":"T","fieldsV1":\#(webhook)}]"#)
        let fake = try server { path in
            [Self.widgetPath: Self.liveWidget(spec: spec.withLock { $0 }), Self.definitionPath: definition][path]
        }
        let unchanged = ["unchanged Widget/default/w"]
        let known = try await verified(Self.widget, try fake.session())
        let session = try fake.session()
        let same = await applyCount(fake) { await session.apply(Self.widget, verified: VerifiedObjects(text: known)) }
        #expect(same.lines == unchanged && same.count == 0)
        // Another version of the webhook, while the metadata stay as they are.
        spec.withLock { $0 = 2 }
        let asked = await applyCount(fake) { await session.apply(Self.widget, verified: VerifiedObjects(text: known)) }
        #expect(asked.count == 1)
    }

    @Test(arguments: [
        (#"[{"time":"T","fieldsV1":{"f:spec":{"f:group":{},"f:conversion":{".":{},"f:strategy":{}}}}}]"#, false),
        (#"[{"fieldsV1":{"f:spec":{}}},{"fieldsV1":{"f:spec":{"f:conversion":{"f:webhook":{}}}}}]"#, true),
        (#"[{"fieldsV1":{"f:spec":{"f:conversion":{"f:webhookClientConfig":{"f:url":{}}}}}}]"#, true),
        ("[]", true),
    ])
    func `the managed fields of a definition name its webhook`(fields: String, converts: Bool) async throws {
        let fake = try server { $0 == Self.definitionPath ? Self.definition(fields) : nil }
        let client = try fake.session().client
        let type = GroupVersionKind(apiVersion: "a.test/v1", kind: "Widget")
        let definition = await client.traits.definition(of: type, "widgets", on: client, until: .now + .seconds(600))
        #expect(definition?.convertsByWebhook == converts)
    }

    @Test func `a status without a subresource is applied`() async throws {
        let fake = try server(
            { $0 == Self.widgetPath ? Self.liveWidget(status: 2) : nil },
            applied: { $0 == Self.widgetPath ? Self.liveWidget(status: 1) : nil },
        )
        let session = try fake.session()
        let result = await applyCount(fake) { await session.apply(Self.widget) }
        #expect(result.lines == ["configured Widget/default/w\n  status.b"])
        #expect(result.count == 2)
    }

    @Test func `what is known of objects that cannot be applied is kept`() async throws {
        let isRefused = Locked(false)
        let fake = try server(
            { $0 == Self.mapPath ? Self.liveMap() : nil },
            refuses: { $0 == Self.mapPath && isRefused.withLock { $0 } },
        )
        let session = try fake.session()
        let known = try await verified(Self.map, session)
        isRefused.withLock { $0 = true }
        let second = VerifiedObjects(text: known)
        #expect(await session.apply(Self.map, verified: second).count == 1)
        #expect(second.text == nil, "nothing has to be written")
        let third = VerifiedObjects(text: known)
        _ = await session.apply(Self.map.replacing("name: m", with: "name: other"), verified: third)
        #expect(third.text != nil, "an object that is no longer described is not kept")
    }
}
