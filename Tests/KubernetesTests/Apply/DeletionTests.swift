import Base
@testable import Kubernetes
import TestSupport
import Testing

/// Objects that are being deleted while they are applied.
@Suite(.needsAPIServer, .timeLimit(.minutes(15)))
struct DeletionTests {
    /// Creates a ConfigMap that a finalizer holds, and deletes it.
    private func heldMap(_ session: Session, _ namespace: String) async throws -> (text: String, path: String) {
        let path = "/api/v1/namespaces/\(namespace)/configmaps/a"
        let metadata = "name: a, namespace: \(namespace)"
        let text = "{apiVersion: v1, kind: ConfigMap, metadata: {\(metadata)}, data: {a: '1'}}"
        try await setFinalizers(#"["example.org/one","example.org/two"]"#, path, session)
        _ = try await session.client.object("DELETE", path, until: .now + .seconds(600))
        return (text, path)
    }

    private func setFinalizers(_ finalizers: String, _ path: String, _ session: Session) async throws {
        let body =
            #"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","finalizers":\#(finalizers)},"#
            + #""data":{"b":"0"}}"#
        try await session.write(body, to: path, as: "holder")
    }

    @Test func `an object that stays fails with its finalizers, and others go on`() async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        let (text, path) = try await heldMap(session, namespace)
        let version = try await session.resourceVersion(path)
        let service =
            "{apiVersion: v1, kind: Service, metadata: {name: s, namespace: \(namespace)}, "
            + "spec: {ports: [{port: 1, protocol: TCP}]}}"
        let (waits, waited) = AsyncStream<String>.makeStream()
        let retryPolicy = Session.retryPolicy(.seconds(20)) { waited.yield($0) }
        let lines = await session.apply("\(text)\n---\n\(service)", retryPolicy: retryPolicy)
        let words = "it is being deleted and waits for finalizers 'example.org/one', 'example.org/two'"
        #expect(
            lines == [
                "created Service/\(namespace)/s",
                "m.yaml:1:1: ConfigMap/\(namespace)/a: not applied: \(words)",
            ]
        )
        waited.finish()
        let first = await waits.first { _ in true }
        #expect(first?.hasPrefix("ConfigMap/\(namespace)/a: \(words) (gives up at ") == true)
        #expect(try await session.resourceVersion(path) == version)
        let dry = await session.apply(text, dryRunOverlay: DryRunOverlay())
        #expect(dry.first?.hasPrefix("warning ConfigMap/\(namespace)/a: it is being deleted; ") == true, "\(dry)")
        #expect(dry.last == "created ConfigMap/\(namespace)/a", "\(dry)")
    }

    @Test func `an object that goes is created again`() async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        let (text, path) = try await heldMap(session, namespace)
        let (waits, waited) = AsyncStream<String>.makeStream()
        let retryPolicy = Session.retryPolicy { waited.yield($0) }
        async let lines = session.apply(text, retryPolicy: retryPolicy)
        _ = await waits.first { _ in true }
        try await setFinalizers("[]", path, session)
        #expect(await lines == ["created ConfigMap/\(namespace)/a"])
        #expect(try await session.object(path)?["data"] == (try node("{a: '1'}")))
    }

    @Test func `a namespace that is being deleted is made again, and then what needs it`() async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        _ = try await session.client.object("DELETE", "/api/v1/namespaces/\(namespace)", until: .now + .seconds(600))
        let text =
            "{apiVersion: v1, kind: Namespace, metadata: {name: \(namespace)}}\n---\n"
            + "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: \(namespace)}}"
        let lines = await session.apply(text)
        #expect(lines == ["created Namespace/\(namespace)", "created ConfigMap/\(namespace)/a"])
    }

    @Test func `what needs an object that stays names it`() async throws {
        let fake = try FakeAPIServer { request in
            guard request.target.hasPrefix("/api/v1/namespaces/ns?") else { return nil }
            let metadata = #"{"name":"ns","deletionTimestamp":"2024-05-01T00:00:00Z"}"#
            return FakeAPIServer.json(
                200,
                #"{"apiVersion":"v1","kind":"Namespace","metadata":\#(metadata),"spec":{"finalizers":["kubernetes"]}}"#
            )
        }
        let text = """
            {apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: ns}}
            ---
            {apiVersion: v1, kind: Namespace, metadata: {name: ns}}
            """
        let lines = await (try fake.session()).apply(text, retryPolicy: Session.retryPolicy(.seconds(20)))
        #expect(
            lines == [
                "m.yaml:3:1: Namespace/ns: not applied: it is being deleted and waits for finalizer 'kubernetes'",
                "m.yaml:1:1: ConfigMap/ns/a: not tried: Namespace/ns, which it needs, is being deleted",
            ]
        )
    }
}
