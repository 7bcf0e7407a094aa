import Base
import Glibc
import Host
import TestSupport
import Testing

@testable import HTTP

@Suite(.timeLimit(.minutes(15)))
struct CancellationTests {
    /// Sends a request to a server that never answers, and returns how it ended.
    private func end(of request: HTTPRequest, by client: HTTPClient) async -> TransportError? {
        do throws(TransportError) {
            _ = try await client.send(request, deadline: .now + .seconds(600))
            return nil
        } catch {
            return error
        }
    }

    @Test func `a cancelled request ends at once`() async throws {
        let (asked, isAsked) = AsyncStream.makeStream(of: Void.self)
        let server = try LoopbackServer { _ in
            isAsked.yield()
            return .silence
        }
        let client = HTTPClient()
        await withTaskGroup(of: TransportError?.self) { group in
            group.addTask { await end(of: HTTPRequest(url: server.url), by: client) }
            for await _ in asked { break }
            group.cancelAll()
            let error = await group.next()
            #expect(error??.kind == .cancelled)
            #expect(error??.message == "the request to '127.0.0.1:\(server.port)' was cancelled")
        }
    }

    @Test func `a task that is cancelled already sends nothing`() async throws {
        let server = try LoopbackServer { _ in .response(200) }
        let client = HTTPClient()
        let error = await withTaskGroup(of: TransportError?.self) { group in
            group.cancelAll()
            group.addTask { await end(of: HTTPRequest(url: server.url), by: client) }
            return await group.next()
        }
        #expect(error??.kind == .cancelled)
        await client.shutDown()
        #expect(server.requests.isEmpty)
    }

    @Test func `shutting down ends all requests`() async throws {
        let (asked, isAsked) = AsyncStream.makeStream(of: Void.self)
        let server = try LoopbackServer { _ in
            isAsked.yield()
            return .silence
        }
        let client = HTTPClient()
        await withTaskGroup(of: TransportError?.self) { group in
            for _ in 0..<3 { group.addTask { await end(of: HTTPRequest(url: server.url), by: client) } }
            for await _ in asked { break }
            await client.shutDown()
            for await error in group { #expect(error?.kind == .cancelled) }
        }
        await client.shutDown()
        #expect(await end(of: HTTPRequest(url: server.url), by: client)?.kind == .cancelled)
    }

    @Test func `a request that is posted just before the shutdown is answered`() async throws {
        let queue = RequestQueue()
        let request = PreparedRequest(
            method: "GET",
            url: try RequestURL("http://127.0.0.1:1/"),
            replyLimit: 0,
            connectTimeout: .seconds(1),
            deadline: .now + .seconds(600),
        )
        try await withThrowingTaskGroup(of: RequestQueue.Reply.self) { group in
            // Immediate tasks have posted their request when this returns.
            for _ in 0..<3 { group.addImmediateTask { await queue.exchange(request) } }
            queue.stop()
            try startTransferThread(queue: queue)
            for try await reply in group {
                #expect(throws: TransportError.cancelled(request)) { _ = try reply.get() }
            }
        }
        await queue.waitForEnd()
    }

    @Test func `dropping the client ends its thread`() async {
        await #expect(processExitsWith: .success) {
            /// The threads of this process.
            func threads() throws -> [String] { try FileSystem.list("/proc/self/task") }
            let server = try LoopbackServer { _ in .response(200) }
            var before: [String] = []
            for round in 0..<20 {
                let client = HTTPClient()
                _ = try await client.send(HTTPRequest(url: server.url), deadline: .now + .seconds(600))
                if round == 0 { before = try threads() }
            }
            // A thread of each client that stayed would be 19 more.
            #expect(try await becomes { try threads().count < before.count + 10 })
        }
    }
}
