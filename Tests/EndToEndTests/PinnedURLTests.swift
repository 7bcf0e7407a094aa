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

    @Test func `another content than the pinned one is refused with its digest`() async throws {
        let cluster = try await TestCluster.shared(namespace: "repinned")
        let body = map("repinned")
        let server = try LoopbackServer { _ in .response(200, body: body) }
        let digest = String(repeating: "0", count: 64)
        let found = try await sha256Digest(String(decoding: body, as: UTF8.self))
        let node = try node(cluster, "\(server.url)/crds.yaml", digest)
        let result = try await node.run("run")
        #expect(result.status == 1)
        #expect(
            result.errorLines.first
                == "pinned: error: \(node.config):4:\(39 + cluster.kubeconfig.count): "
                + "the digest of '\(server.url)/crds.yaml' differs: expected SHA-256 \(digest), got \(found); "
                + "compare it with what its publisher announces, and do not use it until they agree"
        )
        let maps = try await cluster.kubectl("get", "configmap", "m", "-n", "repinned")
        #expect(maps.status == 1)
    }

    @Test func `a URL that is not there is reported with what its server said`() async throws {
        let cluster = try await TestCluster.shared.value
        let server = try LoopbackServer { _ in .response(404) }
        let digest = String(repeating: "0", count: 64)
        let node = try node(cluster, "\(server.url)/nothing.yaml", digest, timeout: "20s")
        let result = try await node.run("run")
        #expect(result.status == 1)
        #expect(result.errors.contains("cannot fetch '\(server.url)/nothing.yaml': the server answered 404"))
    }
}
