import HTTP
import PKI
import TestSupport
import Testing

@testable import Kubernetes

/// What is said while a gate is shut, and when it stays shut.
@Suite(.timeLimit(.minutes(3)))
struct GateTests {
    /// What is said first while the gates of a server are waited for.
    private func firstWords(of session: Session) async -> String {
        let (waits, waited) = AsyncStream<String>.makeStream()
        let patience = Session.patience(.seconds(50)) { waited.yield($0) }
        let gates = Task { try await session.client.passGates(patience) }
        let words = await waits.first { _ in true } ?? ""
        gates.cancel()
        _ = await gates.result
        return words
    }

    @Test func `the hooks that are not ready are shown`() async throws {
        let server = try LoopbackServer { request in
            guard request.target.hasPrefix("/readyz") else { return .response(200, body: Array("{}".utf8)) }
            let body =
                "[+]ping ok\n[-]etcd failed: reason withheld\n[-]poststarthook/rbac/bootstrap-roles failed\nfailed\n"
            return .response(500, body: Array(body.utf8))
        }
        let words = try await firstWords(of: Session(server: server.url))
        #expect(
            words.hasPrefix(
                "API server 127.0.0.1:\(server.port), gate 'server is ready': [-]etcd failed: reason withheld, "
                    + "[-]poststarthook/rbac/bootstrap-roles failed; waiting since "
            )
        )
    }

    @Test func `a server that is off is told with its address`() async throws {
        let server = try LoopbackServer { _ in .close }
        server.stop()
        let words = try await firstWords(of: Session(server: server.url))
        #expect(words.hasPrefix("API server 127.0.0.1:\(server.port), gate 'server answers': "))
        #expect(words.contains("connection refused; waiting since "))
    }

    @Test func `the namespace is waited for`() async throws {
        let server = try LoopbackServer { request in
            guard request.target.contains("kube-system") else { return .response(200) }
            return .response(404, body: Array(#"{"details":{"name":"kube-system","kind":"namespaces"}}"#.utf8))
        }
        let words = try await firstWords(of: Session(server: server.url))
        #expect(words.contains("gate 'namespace kube-system exists': it does not exist yet; waiting since "))
    }

    @Test func `who may not look is not held up`() async throws {
        let server = try LoopbackServer { request in .response(request.target.contains("kube-system") ? 403 : 200) }
        try await Session(server: server.url).client.passGates(Session.patience())
    }

    private static let causes: [(cause: APIError, line: String)] = [
        (
            .pending("[-]etcd failed", .retry),
            """
            API server SERVER, gate 'server is ready': [-]etcd failed; waited since TIME; look into the API server's log
            """
        ),
        (
            .transport(TransportError(.refused, "cannot connect to 'h:1': connection refused")),
            """
            API server SERVER did not answer since TIME, until TIME: cannot connect to 'h:1': connection refused; \
            start it, or correct the server in kubeconfig 'k'
            """
        ),
        (
            .transport(TransportError(.hostName, "")),
            """
            API server SERVER shows a certificate for other names, not for '127.0.0.1'; \
            use one of these names in the server's URL, or as 'tls-server-name' in kubeconfig 'k'
            """
        ),
        (
            .transport(TransportError(.selfSigned, "")),
            """
            API server SERVER shows a certificate that cannot be traced to a CA, but kubeconfig 'k' trusts only \
            the system's CAs, as it names none; name the server's CA in 'certificate-authority' of the kubeconfig, \
            or in 'cluster.certificateAuthority' if a task writes it
            """
        ),
        (
            .transport(TransportError(.serverCertificateExpired, "expired")),
            """
            API server SERVER shows a certificate that is not valid now (expired); the node's clock says TIME; \
            renew the server's certificate, or set the clock
            """
        ),
        (
            .transport(TransportError(.clientCertificateRefused, "unknown CA")),
            """
            API server SERVER does not accept kubeconfig 'k', user 'me', token of the kubeconfig: unknown CA; \
            check that the token is of this cluster and has not expired
            """
        ),
        (
            .transport(TransportError(.replyTooLarge, "the reply is too large")),
            "API server SERVER: the reply is too large"
        ),
        (.interrupted, "interrupted while waiting for API server SERVER"),
    ]

    @Test(arguments: causes)
    func `a gate that stayed shut is told with what to do`(cause: APIError, line: String) throws {
        let client = try Session(server: "http://127.0.0.1:9").client
        let text = GateError(.ready, of: client, since: .now(), cause: cause).description
            .replacing("http://127.0.0.1:9", with: "SERVER")
            .replacing(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/, with: "TIME")
        #expect(text == line)
    }
}
