import Base
import HTTP
import TestSupport
import Testing
@testable import Kubernetes

/// How many requests a server gets at a time.
@Suite(.timeLimit(.minutes(15)))
struct RequestPaceTests {
    private let deadline = ContinuousClock.now + .seconds(600)

    /// A pace whose clock hardly moves: every reply is prompt, however busy the machine is.
    private func newPace() -> RequestPace {
        let (start, readings) = (ContinuousClock.now, Counter())
        return RequestPace(now: { start + .microseconds(readings.next()) })
    }

    /// Begins requests until one has to wait.
    private func beginAll(_ pace: RequestPace, size: Int = 0) async -> [RequestPace.Turn] {
        var turns: [RequestPace.Turn] = []
        while turns.count < 200, let turn = try? await pace.turn(size: size, until: .now) { turns.append(turn) }
        return turns
    }

    @Test func `prompt replies allow more requests`() async {
        let pace = newPace()
        var widths: [Int] = []
        for _ in 0..<4 {
            let turns = await beginAll(pace)
            widths.append(turns.count)
            for turn in turns { pace.end(turn, .replied) }
        }
        #expect(widths == [8, 16, 32, 32])
    }

    @Test func `after requests that were cut off one goes on, and each may take longer`() async throws {
        let pace = newPace()
        var turns = await beginAll(pace)
        let limits = turns.map(\.limit)
        #expect(Set(limits) == [.seconds(13)])
        // All of them were under way together, and say the same.
        for turn in turns { pace.end(turn, .cutOff) }
        turns = await beginAll(pace)
        #expect(turns.count == 2)
        #expect(turns[0].limit == .seconds(26))
        for turn in turns { pace.end(turn, .cutOff) }
        turns = await beginAll(pace)
        #expect(turns.count == 1)
        #expect(turns[0].limit == .seconds(34))
        pace.end(turns[0], .replied)
        #expect(await beginAll(pace).count == 2)
    }

    @Test func `large requests are few at a time, may take longer, and hold up no small ones`() async throws {
        let pace = newPace()
        let large = await beginAll(pace, size: 3 << 19)
        #expect(large.count == 2)
        #expect(large[0].limit == .seconds(28))
        let (entered, said) = AsyncStream<String>.makeStream()
        async let third: Void = {
            _ = try? await pace.turn(size: 3 << 19, until: deadline)
            said.yield("large")
        }()
        #expect(try await becomes { pace.waitingCount == 1 })
        let small = try await pace.turn(size: 1000, until: deadline)
        said.yield("small")
        var order = entered.makeAsyncIterator()
        #expect(await order.next() == "small")
        pace.end(small, .replied)
        pace.end(large[0], .replied)
        #expect(await order.next() == "large")
        await third
        // A single request may be of any size.
        let huge = try await newPace().turn(size: 100 << 20, until: deadline)
        #expect(huge.limit == .seconds(34))
    }

    @Test func `waiting ends with the deadline, and when the task is cancelled`() async throws {
        let pace = newPace()
        let turns = await beginAll(pace)
        #expect(turns.count == 8)
        await #expect(throws: RequestPace.Obstacle.overdue) {
            try await pace.turn(size: 0, until: .now + .milliseconds(50))
        }
        let waiting = Task { [deadline] in try await pace.turn(size: 0, until: deadline) }
        #expect(try await becomes { pace.waitingCount == 1 })
        waiting.cancel()
        await #expect(throws: RequestPace.Obstacle.cancelled) { try await waiting.value }
        pace.end(turns[0], .replied)
        #expect(await beginAll(pace).count == 1, "nobody who has gone holds a turn")
    }
}

/// Requests that callers share.
@Suite(.timeLimit(.minutes(15)))
struct SharedRequestsTests {
    @Test func `callers at the same time get the answer of one request`() async throws {
        let requests = SharedRequests<String, Int>()
        let count = Counter()
        let (callers, called) = AsyncStream<Void>.makeStream()
        await withTaskGroup(of: Int?.self) { group in
            for _ in 0..<20 {
                // An immediate task has asked when this returns.
                group.addImmediateTask {
                    try? await requests.answer(for: "a") { () async throws(APIError) in
                        for await _ in callers {}
                        return count.next()
                    }
                }
            }
            called.finish()
            for await answer in group { #expect(answer == 1) }
        }
        // What has been answered is not kept.
        #expect(try await requests.answer(for: "a") { () async throws(APIError) in 7 } == 7)
    }

    @Test func `a caller that is cancelled stops waiting, and one that makes the request is replaced`() async throws {
        let requests = SharedRequests<String, Int>()
        let (starts, started) = AsyncStream<Void>.makeStream()
        let first = Task {
            try await requests.answer(for: "a") { () async throws(APIError) in
                started.yield()
                guard await sleep(.seconds(100_000)) else { throw .interrupted }
                return 1
            }
        }
        _ = await starts.first { true }
        let impatient = Task { try await requests.answer(for: "a") { () async throws(APIError) in 2 } }
        impatient.cancel()
        await #expect(throws: APIError.self) { try await impatient.value }
        let second = Task.immediate { try await requests.answer(for: "a") { () async throws(APIError) in 3 } }
        first.cancel()
        await #expect(throws: APIError.self) { try await first.value }
        #expect(try await second.value == 3)
    }
}

/// How long attempts are repeated.
@Suite(.timeLimit(.minutes(15)))
struct RetryPolicyTests {
    private func refusal(_ code: Int, _ message: String, retryAfter: String? = nil) -> APIError {
        let headers = retryAfter.map { [HTTPHeader("Retry-After", $0)] } ?? []
        return .refused(APIError.Refusal(request: "GET /", status: reply(code, message, headers: headers)))
    }

    @Test(arguments: [("999999999", "365d 0h"), ("30", "30 s")])
    func `a pause that is longer than the time left is an error that says so`(asked: String, shown: String) async {
        let attempts = Counter()
        let policy = Session.retryPolicy(.seconds(20))
        let error = await #expect(throws: APIError.self) {
            try await policy.retry(.init(.condition, "x")) { () async throws(APIError) in
                _ = attempts.next()
                throw refusal(429, "too many requests", retryAfter: asked)
            }
        }
        let words = error?.words ?? ""
        #expect(
            words.hasPrefix("the server answered 429: too many requests (it asks to wait \(shown), and "),
            "\(words)"
        )
        #expect(words.hasSuffix(" s are left)"), "\(words)")
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
