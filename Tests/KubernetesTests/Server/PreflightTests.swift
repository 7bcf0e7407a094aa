import Base
import HTTP
import TLS
import TestSupport
import Testing

@testable import Kubernetes

/// Reports about an API server that is not usable, and the problem when time is up.
@Suite(.timeLimit(.minutes(5)))
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
            "[-]poststarthook/start-informers failed: reason withheld\n[-]poststarthook/x failed\n[-]etcd-readiness failed: no\n",
            "3 checks of /readyz have failed: etcd-readiness (no), poststarthook/start-informers, poststarthook/x"
        ),
        ("[-]ping failed\n[-]log failed: reason withheld\n", "2 checks of /readyz have failed: ping, log"),
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

    @Test func `a server that passes its checks one after the other is not reported for each of them`() async throws {
        let left = Locked(200)
        let server = try LoopbackServer { request in
            guard request.target.hasPrefix("/readyz") else { return .response(403) }
            let count = left.withLock { left in
                left -= 1
                return left
            }
            let checks = (0..<max(count, 0)).map { "[-]check-\($0) failed: reason withheld\n" }
            return checks.isEmpty ? .response(200) : .response(500, body: Array(checks.joined().utf8))
        }
        let reports = Locked<[(line: String, time: ContinuousClock.Instant)]>([])
        let policy = Session.retryPolicy(.seconds(8)) { line in
            reports.withLock { if $0.last?.line != line { $0.append((line, .now)) } }
        }
        _ = try? await Session(server: server.url).client.waitUntilUsable(policy)
        let times = reports.withLock { $0.map(\.time) }
        #expect((1...2).contains(times.count), "\(reports.withLock { $0.map(\.line) })")
        #expect(zip(times, times.dropFirst()).allSatisfy { $0 + .milliseconds(4900) < $1 })
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

    /// The times between the checks of a server that first refuses `/readyz` some times.
    private func pauses(refusals: Int, _ refusal: LoopbackServer.Reply) async throws -> [Duration] {
        let times = Locked<[ContinuousClock.Instant]>([])
        let server = try LoopbackServer { request in
            guard request.target.hasPrefix("/readyz") else { return .response(403) }
            let count = times.withLock { times in
                times.append(.now)
                return times.count
            }
            return count <= refusals ? refusal : .response(200)
        }
        try await Session(server: server.url).client.waitUntilUsable(Session.retryPolicy())
        return times.withLock { times in zip(times, times.dropFirst()).map { $0.duration(to: $1) } }
    }

    @Test func `a server on this machine is asked often once it answers`() async throws {
        var usual = Backoff()
        let usualPauses = (0..<12).map { _ in usual.next() }
        let shortest = try #require(usualPauses.suffix(6).min())
        // On a busy machine most pauses are longer; with the usual ones none of the last six is that short.
        let isAskedOften = try await becomes {
            try await pauses(refusals: 12, .response(500)).suffix(6).contains { $0 < shortest * 0.8 }
        }
        #expect(isAskedOften)
    }

    @Test func `a server on this machine is not asked before the time that it asks for`() async throws {
        let pauses = try await pauses(refusals: 1, .response(503, headers: ["Retry-After: 2"]))
        #expect(try #require(pauses.first) >= .seconds(2))
    }

    @Test func `the namespace is waited for`() async throws {
        let server = try LoopbackServer { request in
            guard request.target.contains("kube-system") else { return .response(200) }
            return .response(404, body: Array(#"{"details":{"name":"kube-system","kind":"namespaces"}}"#.utf8))
        }
        #expect(
            try await firstReport(of: Session(server: server.url))
                == "API server 127.0.0.1:\(server.port): namespace kube-system does not exist yet (gives up at TIME)"
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

    @Test func `a time of another day has its date`() {
        let noon = Timestamp(seconds: 1_700_000_000)
        let now = ContinuousClock.now
        #expect(timeOfDay(of: now + .milliseconds(10_500), now: noon) == "22:13:30Z")
        #expect(timeOfDay(of: now + .seconds(7200), now: noon) == "2023-11-15T00:13:19Z")
    }

    private static let causes: [(cause: APIError, line: String)] = [
        (
            .notReady(checks: "2 checks of /readyz have failed: etcd, ping"),
            "API server SERVER is not ready: 2 checks of /readyz have failed: etcd, ping"
        ),
        (
            .notReady(checks: "check ping has failed"),
            "API server SERVER is not ready: check ping has failed"
        ),
        (
            .transport(TransportError(.refused, "connection refused")),
            """
            API server SERVER cannot be reached: connection refused; \
            start it, or correct the server in kubeconfig 'k:2:41'
            """
        ),
        (
            .transport(TransportError(.untrusted, "refused")),
            "API server SERVER cannot be trusted: refused"
        ),
        (
            .transport(TransportError(.clientCertificateRefused, "unknown CA")),
            """
            API server SERVER does not accept kubeconfig 'k', user 'me', token of the kubeconfig: unknown CA; \
            check that the token belongs to this cluster and has not expired
            """
        ),
        (
            .transport(TransportError(.replyTooLarge, "the reply is too large")),
            "API server SERVER cannot be used: the reply is too large"
        ),
        (.interrupted, "interrupted while waiting for API server SERVER"),
    ]

    @Test(arguments: causes)
    func `a server that is not usable in time is reported with what to do`(cause: APIError, line: String) throws {
        let problem = try Session(server: "http://127.0.0.1:9").client.preflightProblem(cause)
        let text = problem.line
            .replacing("http://127.0.0.1:9", with: "SERVER")
            .replacing(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/, with: "TIME")
        #expect(text == line)
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
        #expect(try line(.hostName).hasPrefix("\(start) for kubernetes, not for '127.0.0.1'; correct the server in "))
        #expect(try line(.untrusted, .past).hasPrefix("\(start) that is not valid now (valid from "))
        #expect(
            try line(.untrusted).hasPrefix("\(start) issued by 'CN=a-ca', but kubeconfig 'k' trusts only the system")
        )
    }
}
