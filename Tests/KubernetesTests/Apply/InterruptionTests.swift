import TestSupport
import Testing
@testable import Kubernetes

/// An apply that is cancelled while a rank is under way that others need.
@Suite(.timeLimit(.minutes(5)))
struct InterruptionTests {
    @Test func `nothing fails when the wait for a definition is interrupted`() async throws {
        let fake = try FakeAPIServer { request in
            // It is never established.
            if request.target.hasPrefix("/apis/a.test/v1?") { return FakeAPIServer.json(404, "{}") }
            guard request.target.hasPrefix(FakeAPIServer.definitions) else { return nil }
            return FakeAPIServer.json(200, FakeAPIServer.definition(established: false, version: 5))
        }
        let session = try fake.session()
        let (waits, waited) = AsyncStream<String>.makeStream()
        let retryPolicy = Session.retryPolicy { waited.yield($0) }
        let run = Task { await session.apply(FakeAPIServer.widget, retryPolicy: retryPolicy) }
        let words = await waits.first { _ in true } ?? ""
        #expect(words.hasPrefix("CustomResourceDefinition/widgets.a.test: not established yet: "), "\(words)")
        run.cancel()
        #expect(await run.value == [])
        #expect(fake.requests("PATCH /apis/a.test/") == [])
    }

    @Test func `nothing fails when the request for a namespace is interrupted`() async throws {
        let (requests, requested) = AsyncStream<Void>.makeStream()
        let fake = try FakeAPIServer { request in
            guard request.method == "PATCH", request.target.hasPrefix("/api/v1/namespaces/ns?") else { return nil }
            requested.yield()
            return .silence
        }
        let session = try fake.session()
        let text = """
            {apiVersion: v1, kind: Namespace, metadata: {name: ns}}
            ---
            {apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: ns}}
            """
        let run = Task { await session.apply(text) }
        _ = await requests.first { true }
        run.cancel()
        #expect(await run.value == [])
    }
}
