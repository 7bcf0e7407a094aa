@testable import Kubernetes
import TestSupport
import Testing
import YAML

/// What is waited for at a real API server, and what is said meanwhile.
@Suite(.needsAPIServer, .timeLimit(.minutes(3)))
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

    @Test func `what is ready is not waited for`() async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        _ = await session.apply("{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: \(namespace)}}")
        try await session.client.awaitReadiness(
            of: [identity("v1", "ConfigMap", namespace, "a")],
            Session.patience { Issue.record("waits: \($0)") }
        )
    }

    @Test func `every object that is not ready is told, and why`() async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        _ = await session.apply(workload("DaemonSet", namespace))
        _ = await session.apply(workload("Deployment", namespace, account: "nosuch"))
        let error = await #expect(throws: RolloutError.self) {
            try await session.client.awaitReadiness(
                of: [
                    identity("apps/v1", "DaemonSet", namespace, "w"), identity("apps/v1", "Deployment", namespace, "w"),
                    identity("v1", "ConfigMap", namespace, "a"), identity("a.test/v1", "Widget", namespace, "a"),
                ],
                Session.patience(.seconds(6))
            )
        }
        let reasons = try #require(error?.unready.map(\.reason))
        try #require(reasons.count == 4)
        #expect(reasons[0].hasPrefix("no node is eligible"))
        #expect(reasons[1].hasPrefix("replicas: 0 of 1 (FailedCreate: pods \"w-"))
        #expect(reasons[1].contains("nosuch"))
        #expect(reasons[2] == "it does not exist")
        #expect(reasons[3] == "the server has no kind 'Widget' in 'a.test/v1'")
        #expect(error?.isInterruption == false)
        #expect(error?.description.hasPrefix("not ready in time: DaemonSet/\(namespace)/w: no node is") == true)
    }

    @Test func `a server that comes up late is waited for, gate by gate`() async throws {
        try await TestCluster.withFresh(starting: false) { cluster in
            let session = try Session(kubeconfig: cluster.kubeconfig)
            let (waits, waited) = AsyncStream<String>.makeStream()
            let patience = Session.patience(.seconds(60)) { waited.yield($0) }
            async let gates: Void = session.client.passGates(patience)
            let words = await waits.first { _ in true } ?? ""
            #expect(
                words.hasPrefix("API server \(cluster.server.dropFirst("https://".count)), gate 'server answers': ")
            )
            #expect(words.contains("; waiting since "))
            try await cluster.start()
            try await gates
            #expect(try await session.object("/api/v1/namespaces/kube-system") != nil)
        }
    }

    @Test func `a stranger's certificate is told with its issuer`() async throws {
        let cluster = try await TestCluster.shared.value
        let authority = try TestAuthority(subject: "/CN=other-ca")
        let issued = try authority.issue("a")
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
            + "'CN=kube-admin,O=system:masters'; check that CA 'CN=other-ca', which issued the certificate, is in the "
            + "server's '--client-ca-file'"
        let error = await #expect(throws: GateError.self) {
            try await stranger.client.passGates(Session.patience(.seconds(5)))
        }
        #expect(error?.description == message)
        #expect(
            await stranger.apply("{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}") == [
                "m.yaml:1:1: ConfigMap/a: \(message)"
            ]
        )
        let distrustful = try session(authority.certificatePath)
        let refusal = await #expect(throws: GateError.self) {
            try await distrustful.client.passGates(Session.patience(.seconds(5)))
        }
        let line = try #require(refusal?.description)
        #expect(line.hasPrefix("API server \(cluster.server) shows a certificate issued by '"))
        #expect(
            line.hasSuffix(
                "', but kubeconfig '\(path)' trusts only CA file '\(authority.certificatePath)' ('CN=other-ca'); "
                    + "name the server's CA in 'certificate-authority' of the kubeconfig, "
                    + "or in 'cluster.certificateAuthority' if a task writes it"
            )
        )
        #expect(issued.keyPath == authority.path("a.key"))
    }
}
