import Base
import TestSupport
import Testing
@testable import Kubernetes

/// Requests that callers share.
@Suite(.timeLimit(.minutes(1)))
struct SharedRequestsTests {
    @Test func `callers at the same time get the answer of one request`() async throws {
        let requests = SharedRequests<String, Int>()
        let count = Counter()
        await withTaskGroup(of: Int?.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    try? await requests.answer(for: "a") { () async throws(APIError) in
                        _ = await sleep(.milliseconds(200))
                        return count.next()
                    }
                }
            }
            for await answer in group { #expect(answer == 1) }
        }
        // What has been answered is not kept.
        #expect(try await requests.answer(for: "a") { () async throws(APIError) in 7 } == 7)
    }

    @Test func `an error is shared too`() async throws {
        let requests = SharedRequests<String, Int>()
        let count = Counter()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<5 {
                group.addTask {
                    await #expect(throws: APIError.self) {
                        try await requests.answer(for: "a") { () async throws(APIError) in
                            _ = await sleep(.milliseconds(200))
                            _ = count.next()
                            throw APIError.pending("no", .permanent)
                        }
                    }
                }
            }
        }
        #expect(count.value == 1)
    }

    @Test func `a caller that is cancelled stops waiting, and one that makes the request is replaced`() async throws {
        let requests = SharedRequests<String, Int>()
        let (starts, started) = AsyncStream<Void>.makeStream()
        let first = Task {
            try await requests.answer(for: "a") { () async throws(APIError) in
                started.yield()
                guard await sleep(.seconds(60)) else { throw .interrupted }
                return 1
            }
        }
        _ = await starts.first { true }
        let impatient = Task { try await requests.answer(for: "a") { () async throws(APIError) in 2 } }
        impatient.cancel()
        await #expect(throws: APIError.self) { try await impatient.value }
        let second = Task { try await requests.answer(for: "a") { () async throws(APIError) in 3 } }
        _ = await sleep(.milliseconds(100))
        first.cancel()
        await #expect(throws: APIError.self) { try await first.value }
        #expect(try await second.value == 3)
    }
}
