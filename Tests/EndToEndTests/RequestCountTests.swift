import TestSupport
import Testing

/// How many requests a run of the shipped graph sends, as the audit log of the API server has them.
@Suite(.needsAPIServer, .temporaryDirectory, .timeLimit(.minutes(15)))
struct RequestCountTests {
    /// The agent is the admin; kubectl and the scripts that start the server are it, too, so that there are none meanwhile.
    private static let policy = """
        apiVersion: audit.k8s.io/v1
        kind: Policy
        omitStages: [RequestReceived]
        rules:
        - {level: Metadata, users: [kubernetes-admin]}
        - {level: None}
        """

    @Test func `a run with nothing to change reads each object once`() async throws {
        let (policy, log) = (TemporaryDirectory.file("policy.yaml"), TemporaryDirectory.file("audit.log"))
        try Files.write(Array(Self.policy.utf8), to: policy, mode: 0o600)
        let flags = ["--", "--audit-policy-file=\(policy)", "--audit-log-path=\(log)"]
        try await TestCluster.withFresh(options: ["--no-controller-manager"] + flags) { cluster in
            let node = try ShippedRun.node("counted", of: cluster)
            func run() async throws -> ToolResult {
                let result = try await node.run("run", "--role", "control-plane", "--output", "json")
                try #require(result.status == 0, "\(result.errors)")
                return result
            }
            _ = try await run()
            let logged = try text(log).split(separator: "\n").count
            let objectCount = try await run().events("object").count
            var paths: [String: [String]] = [:]
            for entry in try text(log).split(separator: "\n").dropFirst(logged).map({ try String($0).json }) {
                let path = entry["requestURI"]?.string?.split(separator: "?").first.map(String.init) ?? ""
                paths[entry["verb"]?.string ?? "", default: []].append(path)
            }
            let discovery = #/\/api\/v1|\/apis(\/[^\/]+\/[^\/]+)?/#
            let reads = (paths["get"] ?? []).filter { $0.wholeMatch(of: discovery) == nil }
            // And the API server's readiness and version, and namespace kube-system.
            #expect(reads.count == objectCount + 3 && Set(reads).count == reads.count, "\(reads)")
            #expect((paths["patch"] ?? []).count <= 2, "only of what the server writes in another form: \(paths)")
            #expect(Set(paths.keys).isSubset(of: ["get", "patch"]), "\(paths.keys)")
        }
    }

    private func text(_ path: String) throws -> String {
        try Files.text(path)
    }
}
