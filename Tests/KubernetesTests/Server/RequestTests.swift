import Base
import HTTP
@testable import Kubernetes
import TestSupport
import Testing

/// How long attempts are repeated.
@Suite(.timeLimit(.minutes(15)))
struct RetryPolicyTests {
    private func refusal(_ code: Int, _ message: String, retryAfter: String? = nil) -> APIError {
        let headers = retryAfter.map { [HTTPHeader("Retry-After", $0)] } ?? []
        return .refused(APIError.Refusal(request: "GET /", status: reply(code, message, headers: headers)))
    }

    @Test(arguments: ["999999999", "30"])
    func `a pause that is longer than the time left is not waited for`(asked: String) async {
        let attempts = Counter()
        let policy = Session.retryPolicy(.seconds(20))
        await #expect(throws: APIError.self) {
            try await policy.retry(.init(.condition, "x")) { () async throws(APIError) in
                _ = attempts.next()
                throw refusal(429, "too many requests", retryAfter: asked)
            }
        }
        #expect(attempts.value == 1)
    }

    @Test func `a grace period begins with the first of several errors`() async {
        let attempts = Counter()
        let policy = Session.retryPolicy(.seconds(600), gracePeriod: .milliseconds(300))
        await #expect(throws: APIError.self) {
            try await policy.retry(.init(.condition, "x")) { () async throws(APIError) in
                // So many pauses are longer than the period.
                if attempts.next() < 9 { throw refusal(404, "no") }
            }
        }
    }

    @Test(arguments: [
        (
            #"failed to allocate IP 10.96.0.10: rpc error: code = Unavailable desc = error reading from server: EOF"#,
            Disposition.retry
        ),
        ("failed to allocate IP 10.96.0.10: provided IP is already allocated", .permanent),
        ("spec.x: Invalid value: rpc error: code = Unavailable", .permanent),
    ])
    func `an allocation that failed for want of storage is retried`(message: String, disposition: Disposition) {
        let body = #"{"reason":"Invalid","message":"Service \"s\" is invalid: spec.clusterIPs: \#(message)"}"#
        #expect(reply(422, body).disposition == disposition)
    }

    @Test func `pauses grow up to their limit, and no two are the same`() {
        var backoff = Backoff(first: .seconds(5), limit: .seconds(30))
        for expected in [5, 8, 12.8, 20.48, 30, 30] {
            let pause = backoff.next() / .seconds(1)
            #expect(pause >= expected * 0.9 && pause <= expected * 1.1, "\(pause), where \(expected) was expected")
        }
        var long = Backoff(first: .seconds(60))
        #expect(long.next() > .seconds(50) && long.next() > .seconds(50))
        let pauses = Set((0..<10).map { _ in backoff.next() })
        #expect(pauses.count > 1)
    }
}
