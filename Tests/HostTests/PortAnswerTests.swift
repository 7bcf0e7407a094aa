import Base
import Host
import TestSupport
import Testing

/// What comes back from ports of loopback; `ProgramTests/PortCheckTests` has those with firewalls.
@Suite(.timeLimit(.minutes(30))) struct PortAnswerTests {
    private func answers(
        _ ports: [(address: String, port: UInt16)],
        within limit: Duration = .seconds(600),
        until deadline: ContinuousClock.Instant = .now + .seconds(600),
    ) async throws -> [PortAnswer?] {
        let ports = try ports.map { TCPPort(try #require(IPAddress($0.address)), $0.port) }
        return try await PortAnswer.answers(of: ports, within: limit, until: deadline)
    }

    @Test func `a listener is reached, and so is a port without one`() async throws {
        let server = try LoopbackServer { _ in .response(200) }
        let free = try freePort()
        let found = try await answers([("127.0.0.1", server.port), ("127.0.0.1", free), ("::1", free)])
        #expect(found == [.reached, .reached, .reached])
        #expect(try await becomes { server.connectionCount == 1 && server.openConnectionCount == 0 })
        #expect(server.requests.isEmpty)
    }

    @Test func `a port that does not answer is given up`() async throws {
        let listener = try FullListener()
        let start = ContinuousClock.now
        #expect(try await answers([("127.0.0.1", listener.port)], within: .milliseconds(200)) == [.nothing])
        #expect(.now - start >= .milliseconds(200))
    }

    @Test func `more ports than sockets at once are tried one after another`() async throws {
        let free = try freePort()
        let found = try await answers(Array(repeating: ("127.0.0.1", free), count: 1500))
        #expect(found == Array(repeating: .reached, count: 1500))
    }

    @Test func `after the deadline no port is tried`() async throws {
        let listener = try FullListener()
        let ports = Array(repeating: (address: "127.0.0.1", port: listener.port), count: 700)
        // 500 are tried at once, fewer if the deadline comes before, and the others could be after the limit.
        let isLimited = try await becomes {
            let some = try await answers(ports, within: .seconds(3), until: .now + .seconds(2))
            let count = some.prefix { $0 == .nothing }.count
            #expect(count <= 500)
            #expect(some.dropFirst(count).allSatisfy { $0 == nil })
            return count == 500
        }
        #expect(isLimited)
        #expect(try await answers(ports, until: .now - .seconds(1)) == Array(repeating: nil, count: 700))
    }

    @Test func `cancellation ends the attempts at once`() async throws {
        let listener = try FullListener()
        let port = TCPPort(try #require(IPAddress("127.0.0.1")), listener.port)
        let task = Task {
            try await PortAnswer.answers(of: [port], within: .seconds(600), until: .now + .seconds(600))
        }
        task.cancel()
        await #expect(throws: SystemError.self) { try await task.value }
    }
}
