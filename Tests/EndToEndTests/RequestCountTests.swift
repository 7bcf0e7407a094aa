import TestSupport
import Testing

/// How many requests a run of the shipped graph sends, by method, as the audit log of the API server has them.
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

    @Test func `a run with nothing to change lists many objects of a kind, and reads each other object once`()
        async throws
    {
        let (policy, log) = (TemporaryDirectory.file("policy.yaml"), TemporaryDirectory.file("audit.log"))
        try Files.write(Array(Self.policy.utf8), to: policy, mode: 0o600)
        let flags = ["--", "--audit-policy-file=\(policy)", "--audit-log-path=\(log)"]
        try await TestCluster.withFresh(options: ["--no-controller-manager"] + flags) { cluster in
            let node = try ShippedRun.node("counted", of: cluster)
            var logged = 0
            func run() async throws -> (single: Int, requests: [String: Int], paths: [String]) {
                let result = try await node.run("run", "--role", "control-plane", "--output", "json")
                try #require(result.status == 0, "\(result.errors)")
                let entries = try text(log).split(separator: "\n").dropFirst(logged).map { try String($0).json }
                logged += entries.count
                let requests = Dictionary(entries.map { ($0["verb"]?.string ?? "", 1) }, uniquingKeysWith: +)
                let names = try result.events("object").compactMap { $0["object"]?.string }
                let single = names.filter { !$0.hasPrefix("CustomResourceDefinition/") }
                try #require(names.count > single.count + 8, "the definitions are worth a list")
                return (single.count, requests, entries.compactMap { $0["requestURI"]?.string })
            }
            logged = try text(log).split(separator: "\n").count
            _ = try await run()
            // Two requests verify an object, if they are some time apart.
            try await Task.sleep(for: .seconds(3))
            let second = try await run()
            #expect(
                (second.requests["patch"] ?? 0) <= 2,
                "only of what the server writes in another form: \(second.requests)"
            )
            let third = try await run()
            // The API server's readiness and version, and namespace kube-system; no discovery, and no whole object.
            #expect(third.requests["get"] == third.single + 3, "\(third.paths)")
            #expect(third.requests.keys.sorted() == ["get", "list"])
        }
    }

    private func text(_ path: String) throws -> String {
        try Files.text(path)
    }
}
