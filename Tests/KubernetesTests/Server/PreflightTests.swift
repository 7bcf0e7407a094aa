import Base
import HTTP
import TestSupport
import Testing

@testable import Kubernetes

/// Reports about an API server that is not usable, and the problem when time is up.
@Suite(.timeLimit(.minutes(15)))
struct PreflightTests {
    /// The first report while a server is waited for, whose subject must be a server.
    private func firstReport(of session: Session) async -> String {
        let (waits, waited) = AsyncStream<Wait>.makeStream()
        let retryPolicy = RetryPolicy(deadline: .now + .seconds(600), gracePeriod: .milliseconds(300)) { wait in
            waited.yield(wait)
        }
        let preflight = Task { try await session.client.waitUntilUsable(retryPolicy) }
        let wait = await waits.first { _ in true }
        preflight.cancel()
        _ = await preflight.result
        #expect(wait?.subject.kind == .server)
        return (wait?.description ?? "").replacing(/(\d{4}-\d\d-\d\dT)?\d\d:\d\d:\d\dZ/, with: "TIME")
    }

    @Test(arguments: [
        ("[+]ping ok\n[-]etcd failed: reason withheld\nfailed\n", "check etcd of /readyz has failed"),
        (
            "[-]poststarthook/x failed\n[-]etcd-readiness failed: no\n",
            "2 checks of /readyz have failed: etcd-readiness (no), poststarthook/x"
        ),
    ])
    func `the checks that fail are reported with their number, those of etcd first`(
        body: String,
        words: String
    ) async throws {
        let server = try LoopbackServer { request in
            guard request.target.hasPrefix("/readyz") else { return .response(200, body: Array("{}".utf8)) }
            return .response(500, body: Array(body.utf8))
        }
        #expect(
            try await firstReport(of: Session(server: server.url))
                == "API server 127.0.0.1:\(server.port): not ready: \(words) (gives up at TIME)"
        )
    }

    @Test func `a server that expects TLS is not waited for`() async throws {
        let body = Array("Client sent an HTTP request to an HTTPS server.\n".utf8)
        let server = try LoopbackServer { _ in .response(400, body: body) }
        let problem = await #expect(throws: Problem.self) {
            try await Session(server: server.url).client.waitUntilUsable(Session.retryPolicy())
        }
        #expect(
            problem?.line.contains("is not an API server: the server answered 400: Client sent an HTTP request") == true
        )
    }

    @Test func `a server that is off is reported with its address`() async throws {
        let server = try LoopbackServer { _ in .close }
        server.stop()
        #expect(
            try await firstReport(of: Session(server: server.url))
                == "API server 127.0.0.1:\(server.port): connection refused (gives up at TIME)"
        )
    }

    @Test func `a server on this machine is not asked before the time that it asks for`() async throws {
        let times = Locked<[ContinuousClock.Instant]>([])
        let server = try LoopbackServer { request in
            guard request.target.hasPrefix("/readyz") else { return .response(403) }
            let count = times.withLock { times in
                times.append(.now)
                return times.count
            }
            return count == 1 ? .response(503, headers: ["Retry-After: 2"]) : .response(200)
        }
        try await Session(server: server.url).client.waitUntilUsable(Session.retryPolicy())
        #expect(times.withLock { $0.count > 1 && $0[0] + .seconds(2) <= $0[1] })
    }

    @Test func `the namespace is waited for`() async throws {
        let server = try LoopbackServer { request in
            guard request.target.contains("kube-system") else { return .response(200) }
            return .response(404, body: Array(#"{"details":{"name":"kube-system","kind":"namespaces"}}"#.utf8))
        }
        #expect(
            try await firstReport(of: Session(server: server.url))
                == "API server 127.0.0.1:\(server.port): not ready: namespace kube-system does not exist yet (gives up at TIME)"
        )
    }

    @Test(arguments: [
        ("<html>Welcome</html>", #"{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"kube-system"}}"#),
        ("ok", "{}"), ("ok", #"{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"other"}}"#), ("{}", "<p>"),
    ])
    func `what answers 200 is no API server by that`(readiness: String, namespace: String) async throws {
        let server = try LoopbackServer { request in
            .response(200, body: Array((request.target.contains("kube-system") ? namespace : readiness).utf8))
        }
        await #expect(throws: Problem.self) {
            try await Session(server: server.url).client.waitUntilUsable(Session.retryPolicy(.seconds(2)))
        }
    }

    @Test func `a user who may not read namespaces is not held up`() async throws {
        let server = try LoopbackServer { request in .response(request.target.contains("kube-system") ? 403 : 200) }
        try await Session(server: server.url).client.waitUntilUsable(Session.retryPolicy())
    }

    @Test func `a server that has gone since the last check is waited for again`() async throws {
        let isGone = Locked(false)
        let fake = try FakeAPIServer { _ in isGone.withLock { $0 } ? .close : nil }
        let session = try fake.session()
        try await session.client.waitUntilUsable(Session.retryPolicy())
        try await session.client.waitUntilUsable(Session.retryPolicy())
        #expect(fake.requests("GET /readyz").count == 1)
        isGone.withLock { $0 = true }
        await #expect(throws: APIError.self) { try await session.client.find("/x", until: .now + .seconds(600)) }
        let problem = await #expect(throws: Problem.self) {
            try await session.client.waitUntilUsable(Session.retryPolicy(.seconds(2)))
        }
        #expect(problem?.message == "API server \(fake.server.url) is not ready")
        isGone.withLock { $0 = false }
        try await session.client.waitUntilUsable(Session.retryPolicy())
    }

    @Test(arguments: [("v1.28.15+k3s1", true), ("v1.29.0-rc.1", false), ("v1.36.2", false), ("main", false)])
    func `a server that is older than the supported ones is named`(version: String, isOld: Bool) async throws {
        let fake = try FakeAPIServer { request in
            request.target.hasPrefix("/version") ? FakeAPIServer.json(200, #"{"gitVersion":"\#(version)"}"#) : nil
        }
        let warning = try await fake.session().client.ageWarning(until: .now + .seconds(600))
        #expect((warning?.contains(" is \(version): ") == true) == isOld, "\(warning ?? "none")")
    }

    @Test func `a time of another day has its date`() {
        let noon = Timestamp(seconds: 1_700_000_000)
        let now = ContinuousClock.now
        #expect(timeOfDay(of: now + .milliseconds(10_500), now: noon) == "22:13:30Z")
        #expect(timeOfDay(of: now + .seconds(7200), now: noon) == "2023-11-15T00:13:19Z")
    }

    @Test(
        arguments: [
            (.notReady(checks: "check ping has failed"), "is not ready: check ping has failed"),
            (
                .transport(TransportError(.refused, "connection refused")),
                "cannot be reached: connection refused; start it, or check the server in kubeconfig 'k:2:41'"
            ),
            (.transport(TransportError(.untrusted, "refused")), "cannot be trusted: refused"),
            (
                .transport(TransportError(.clientCertificateRefused, "unknown CA")),
                "does not accept kubeconfig 'k', user 'me', token of the kubeconfig: unknown CA; "
            ),
        ] as [(APIError, String)]
    )
    func `a server that is not usable in time is reported with what to do`(cause: APIError, words: String) throws {
        let problem = try Session(server: "http://127.0.0.1:9").client.preflightProblem(cause)
        #expect(problem.line.hasPrefix("API server http://127.0.0.1:9 \(words)"), "\(problem.line)")
    }

    @Test func `a certificate that is refused is reported with what it shows`() throws {
        let authority = try TestAuthority(subject: "/CN=a-ca")
        func line(_ kind: TransportError.Kind, _ validity: TestAuthority.Validity = .now) throws -> String {
            let issued = try authority.issue("s", subject: "/CN=s", names: ["DNS:kubernetes"], validity: validity)
            let peer = try #require(try Certificate.read(pem: try Files.read(issued.certificatePath)).first)
            let session = try Session(server: "https://127.0.0.1:9")
            return session.client.preflightProblem(.transport(TransportError(kind, "", peer: peer))).line
        }
        let start = "API server https://127.0.0.1:9 shows a certificate"
        #expect(try line(.hostName).hasPrefix("\(start) for kubernetes, not for '127.0.0.1'; check the server in "))
        #expect(try line(.untrusted, .past).hasPrefix("\(start) that is not valid now (valid from "))
        #expect(
            try line(.untrusted).hasPrefix("\(start) issued by 'CN=a-ca', but kubeconfig 'k' trusts only the system")
        )
    }
}
