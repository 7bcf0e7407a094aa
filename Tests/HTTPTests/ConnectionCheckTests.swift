import HTTP
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(15))) struct ConnectionCheckTests {
    private let client: HTTPClient

    init() throws {
        client = HTTPClient()
    }

    /// Checks a connection that fails, and returns the error.
    private func failure(_ host: String, _ port: UInt16) async -> TransportError? {
        await #expect(throws: TransportError.self) {
            try await client.checkConnection(host: host, port: port, deadline: .now + .seconds(600))
        }
    }

    @Test(arguments: ["127.0.0.1", "localhost"])
    func `a listener is reached, and nothing is sent to it`(host: String) async throws {
        // localhost also has the address ::1, where nothing listens.
        let server = try LoopbackServer { _ in .response(200) }
        try await client.checkConnection(host: host, port: server.port, deadline: .now + .seconds(600))
        try await client.checkConnection(host: host, port: server.port, deadline: .now + .seconds(600))
        #expect(try await becomes { server.connectionCount == 2 && server.openConnectionCount == 0 })
        #expect(server.requests.isEmpty)
    }

    @Test func `a port without a listener refuses`() async throws {
        let port = try freePort()
        let error = await failure("127.0.0.1", port)
        #expect(error?.kind == .refused)
        #expect(error?.message == "cannot connect to '127.0.0.1:\(port)': connection refused")
    }

    @Test(arguments: ["", "a\0b", "a/b"])
    func `a text that is not a host is refused`(host: String) async {
        #expect(await failure(host, 1)?.kind == .invalidRequest)
    }

    @Test func `a listener whose queue is full is given up after the connection timeout`() async throws {
        let client = HTTPClient(connectTimeout: .seconds(1))
        let listener = try FullListener()
        let error = await #expect(throws: TransportError.self) {
            try await client.checkConnection(host: "127.0.0.1", port: listener.port, deadline: .now + .seconds(600))
        }
        #expect(error?.kind == .timedOut)
        #expect(error?.message == "cannot connect to '127.0.0.1:\(listener.port)': no answer within 1 s")
        let late = await #expect(throws: TransportError.self) {
            try await self.client.checkConnection(host: "127.0.0.1", port: listener.port, deadline: .now + .seconds(1))
        }
        #expect(late?.kind == .timedOut)
    }
}
