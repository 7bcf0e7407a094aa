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

    @Test func `objects that are refused share the schema`() async throws {
        let fake = try FakeAPIServer { request in
            if request.method == "PATCH" {
                let message =
                    "failed to create typed patch object (d/a; v1, Kind=ConfigMap): .x: field not declared in schema"
                return FakeAPIServer.json(500, #"{"message":"\#(message)"}"#)
            }
            guard request.target.hasPrefix("/openapi/v2") else { return nil }
            // The objects of a slow machine are not refused within the time for which the document is current.
            guard request.header("If-None-Match") != "\"1\"" else { return .response(304) }
            let type = #"{"group":"","version":"v1","kind":"ConfigMap"}"#
            let schema = #"{"properties":{"a":{}},"x-kubernetes-group-version-kind":[\#(type)]}"#
            return .response(200, headers: ["ETag: \"1\""], body: Array(#"{"definitions":{"c":\#(schema)}}"#.utf8))
        }
        let lines = await (try fake.session()).apply(Self.text("a"))
        #expect(lines.count == 30)
        #expect(lines.allSatisfy { $0.contains("is not known to the server") }, "\(lines)")
        let documents = fake.server.requests.filter {
            $0.target.hasPrefix("/openapi/v2") && $0.header("If-None-Match") == nil
        }
        #expect(documents.count == 1)
    }
}
