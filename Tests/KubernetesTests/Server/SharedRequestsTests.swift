import Base
import TestSupport
import Testing
@testable import Kubernetes

/// Requests that callers share.
@Suite(.timeLimit(.minutes(30)))
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

    @Test func `an error is shared too`() async throws {
        let requests = SharedRequests<String, Int>()
        let count = Counter()
        let (callers, called) = AsyncStream<Void>.makeStream()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<5 {
                group.addImmediateTask {
                    await #expect(throws: APIError.self) {
                        try await requests.answer(for: "a") { () async throws(APIError) in
                            for await _ in callers {}
                            _ = count.next()
                            throw APIError.pending("no", .permanent)
                        }
                    }
                }
            }
            called.finish()
        }
        #expect(count.value == 1)
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
