import TestSupport
import Testing

/// Manifests that come by a pinned URL.
@Suite(.needsAPIServer, .temporaryDirectory, .timeLimit(.minutes(30)))
struct PinnedURLTests {
    private func map(_ namespace: String) -> [UInt8] {
        Array("{apiVersion: v1, kind: ConfigMap, metadata: {name: m, namespace: \(namespace)}}\n".utf8)
    }

    private func node(
        _ cluster: TestCluster,
        _ url: String,
        _ digest: String,
        timeout: String = "10m",
    ) throws -> TestNode {
        try TestNode(
            """
            tasks:
              pinned:
                timeout: \(timeout)
                apply: {kubeconfig: \(cluster.kubeconfig), manifests: [{url: "\(url)", sha256: "\(digest)"}]}
            """
        )
    }

    @Test func `a pinned URL is fetched once, and not needed again`() async throws {
        let cluster = try await TestCluster.shared(namespace: "pinned")
        let body = map("pinned")
        let digest = try await sha256Digest(String(decoding: body, as: UTF8.self))
        let server = try LoopbackServer { request in
            request.target == "/old" ? .response(302, headers: ["Location: /crds.yaml"]) : .response(200, body: body)
        }
        let node = try node(cluster, "\(server.url)/old", digest)
        let first = try await node.run("run")
        #expect(first.status == 0, "\(first.errors)")
        #expect(server.requests.map(\.target) == ["/old", "/crds.yaml"])
        let kept = node.written("/var/lib/nest-bootstrap/cache/pinned/\(digest)")
        #expect(try Files.read(kept) == body)
        server.stop()
        let second = try await node.run("run")
        #expect(second.status == 0, "\(second.errors)")
        #expect(second.outputLines.last == "1 task: 1 unchanged")

        // What was damaged in the cache is not used, and the server is gone.
        try Files.write(Array("{}".utf8), to: kept, mode: 0o644)
        try node.write(
            try Files.text(node.config).replacing("timeout: 10m", with: "timeout: 10s"),
            to: "bootstrap.yaml"
        )
        let third = try await node.run("run")
        #expect(third.status == 1)
        #expect(third.errors.contains(": cannot fetch '\(server.url)/old': "), "\(third.errors)")
    }
}
