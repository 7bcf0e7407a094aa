import TestSupport
import Testing
@testable import Kubernetes

/// How many requests an apply sends.
@Suite(.timeLimit(.minutes(30)))
struct RequestCountTests {
    private static func text(_ name: String) -> String {
        (0..<30).map { "{apiVersion: v1, kind: ConfigMap, metadata: {name: \(name)\($0)}, data: {a: b}}" }
            .joined(separator: "\n---\n")
    }

    /// The numbers of requests of a run with four tasks of thirty objects: for the two preflight checks, for discovery, and all.
    private func countsOfFourTasks() async throws -> [Int] {
        let fake = try FakeAPIServer { _ in nil }
        let session = try fake.session()
        await withTaskGroup(of: Void.self) { group in
            for task in ["a", "b", "c", "d"] {
                group.addTask {
                    await #expect(throws: Never.self) {
                        try await session.client.waitUntilUsable(Session.retryPolicy())
                    }
                    let lines = await session.apply(Self.text(task))
                    #expect(lines.count == 30)
                }
            }
        }
        try await session.client.waitUntilUsable(Session.retryPolicy())
        let starts = ["GET /readyz", "GET /api/v1/namespaces/kube-system", "GET /api/v1?"]
        return starts.map { fake.requests($0).count } + [fake.server.requests.count]
    }

    @Test func `tasks of one run share discovery and the preflight checks`() async throws {
        // A GET and a PATCH for each object.
        let expected = [1, 1, 1, 3 + 2 * 120]
        var counts = try await countsOfFourTasks()
        // On a busy machine a request may take longer than its limit, and is sent again.
        for _ in 0..<10 where counts != expected { counts = try await countsOfFourTasks() }
        #expect(counts == expected)
    }
}
