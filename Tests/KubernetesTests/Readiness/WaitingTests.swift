import Base
@testable import Kubernetes
import TestSupport
import Testing

/// The waits for a real API server and their reports.
@Suite(.needsAPIServer, .timeLimit(.minutes(15)))
struct WaitingTests {
    private func identity(_ apiVersion: String, _ kind: String, _ namespace: String, _ name: String) -> ObjectIdentity {
        ObjectIdentity(type: .init(apiVersion: apiVersion, kind: kind), namespace: namespace, name: name)
    }

    private func workload(_ kind: String, _ namespace: String, account: String = "default") -> String {
        """
        {apiVersion: apps/v1, kind: \(kind), metadata: {name: w, namespace: \(namespace)},
        spec: {selector: {matchLabels: {app: w}}, template: {metadata: {labels: {app: w}},
        spec: {serviceAccountName: \(account), containers: [{name: c, image: x}]}}}}
        """
    }

    @Test func `an object that is ready is not waited for`() async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        _ = await session.apply("{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: \(namespace)}}")
        try await session.client.awaitReadiness(
            of: [AwaitedObject(identity("v1", "ConfigMap", namespace, "a"))],
            Session.retryPolicy { Issue.record("waits: \($0)") }
        )
    }

    @Test func `every object that is not ready is reported with the reason`() async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        _ = await session.apply(workload("DaemonSet", namespace))
        _ = await session.apply(workload("Deployment", namespace, account: "nosuch"))
        // On a busy machine the controllers need more time to refuse the Pods than this waits.
        let isRefused = try await becomes {
            let cluster = try await TestCluster.shared.value
            return try await cluster.kubectl("get", "deployment", "w", "-n", namespace, "-o", "yaml").output
                .contains("FailedCreate")
        }
        try #require(isRefused)
        let place = SourceLocation(file: "t.yaml", position: .init(line: 1, column: 1))
        let error = await #expect(throws: Problems.self) {
            try await session.client.awaitReadiness(
                of: [
                    identity("apps/v1", "DaemonSet", namespace, "w"), identity("apps/v1", "Deployment", namespace, "w"),
                    identity("v1", "ConfigMap", namespace, "a"), identity("a.test/v1", "Widget", namespace, "a"),
                ].map { AwaitedObject($0, at: place) },
                Session.retryPolicy(.seconds(30))
            )
        }
        let problems = try #require(error).all
        func problem(_ name: String) throws -> Problem {
            try #require(problems.first { $0.message.hasPrefix("timed out waiting for \(name): ") }, "\(problems)")
        }
        #expect(problems.count == 4)
        #expect(problems.allSatisfy { $0.location == place && !$0.isPermanent })
        #expect(try problem("DaemonSet/\(namespace)/w").message.contains("no node is eligible"))
        let deployment = try problem("Deployment/\(namespace)/w")
        #expect(deployment.message.contains("replicas: 0 of 1 (FailedCreate: pods \"w-"), "\(deployment)")
        let map = try problem("ConfigMap/\(namespace)/a")
        #expect(map.message.hasSuffix("/a: it does not exist"))
        let widget = try problem("Widget/\(namespace)/a")
        #expect(widget.message.hasSuffix("/a: the server has no kind 'Widget' in 'a.test/v1'"))
    }

    @Test func `a certificate of another CA is reported with its issuer`() async throws {
        let cluster = try await TestCluster.shared.value
        let authority = try TestAuthority(subject: "/CN=other-ca")
        _ = try authority.issue("a")
        func session(_ certificateAuthority: String) throws -> Session {
            let text = """
                {current-context: x, contexts: [{name: x, context: {cluster: c, user: me}}],
                clusters: [{name: c, cluster: {server: '\(cluster.server)', certificate-authority: \(certificateAuthority)}}],
                users: [{name: me, user: {client-certificate: a.crt, client-key: a.key}}]}
                """
            return try Session(kubeconfig: try authority.write(text, to: "k"))
        }
        let path = authority.path("k")
        let stranger = try session(cluster.certificateAuthority)
        let message =
            "API server \(cluster.server) does not accept kubeconfig '\(path)', user 'me', certificate "
            + "'CN=kube-admin,O=system:masters'; check that CA 'CN=other-ca', which issued the certificate"
        let error = await #expect(throws: Problem.self) {
            try await stranger.client.waitUntilUsable(Session.retryPolicy(.seconds(20)))
        }
        #expect(error?.description.hasPrefix(message) == true)
        let refused = await stranger.apply("{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}")
        #expect(refused.map { $0.hasPrefix("m.yaml:1:1: ConfigMap/a: \(message)") } == [true])
        let distrustful = try session(authority.certificatePath)
        let refusal = await #expect(throws: Problem.self) {
            try await distrustful.client.waitUntilUsable(Session.retryPolicy(.seconds(20)))
        }
        let line = try #require(refusal?.description)
        #expect(line.hasPrefix("API server \(cluster.server) shows a certificate issued by '"))
        #expect(line.contains("trusts only CA file '\(authority.certificatePath)' ('CN=other-ca'); "))
    }
}
