import HTTP
import TestSupport
import Testing

/// Connections, redirections and tokens.
@Suite(.timeLimit(.minutes(15)))
struct ConnectionTests {
    private let client: HTTPClient

    init() throws {
        client = HTTPClient()
    }

    private func send(
        _ request: HTTPRequest,
        _ identity: ConnectionIdentity = ConnectionIdentity()
    ) async throws -> HTTPResponse {
        try await client.send(request, as: identity, deadline: .now + .seconds(600))
    }

    @Test func `a request is sent again if its old connection was just closed`() async throws {
        // The second request of the first connection is closed, as by a server that restarts.
        let server = try LoopbackServer { request in
            request.connection == 1 && request.target == "/2" ? .close : .response(200)
        }
        _ = try await send(HTTPRequest(url: "\(server.url)/1"))
        let request = HTTPRequest(method: "PATCH", url: "\(server.url)/2", body: Array("body".utf8))
        #expect(try await send(request).status == 200)
        #expect(server.requests.map(\.connection) == [1, 1, 2])
        #expect(server.requests.map(\.body) == [[], Array("body".utf8), Array("body".utf8)])
    }

    @Test func `a connection that was closed meanwhile is not used`() async throws {
        let server = try LoopbackServer { _ in .response(200) }
        _ = try await send(HTTPRequest(url: server.url))
        server.closeConnections()
        let request = HTTPRequest(method: "PATCH", url: server.url, body: Array("body".utf8))
        #expect(try await send(request).status == 200)
        #expect(server.connectionCount == 2)
    }

    @Test func `a redirection is a response unless it is to be followed`() async throws {
        let server = try LoopbackServer {
            $0.target == "/a" ? .response(302, headers: ["Location: /b"]) : .response(200, body: Array("b".utf8))
        }
        var request = HTTPRequest(url: "\(server.url)/a")
        #expect(try await send(request).status == 302)
        request.followsRedirects = true
        #expect(try await send(request).body == Array("b".utf8))
    }

    @Test func `credentials are not sent to another server`() async throws {
        let other = try LoopbackServer { _ in .response(200) }
        let server = try LoopbackServer { _ in .response(307, headers: ["Location: \(other.url)/x"]) }
        let request = HTTPRequest(url: server.url, followsRedirects: true)
        _ = try await send(request, ConnectionIdentity(token: .value("secret")))
        #expect(server.requests.first?.header("Authorization") == "Bearer secret")
        #expect(other.requests.first?.target == "/x")
        #expect(other.requests.first?.header("Authorization") == nil)
    }

    @Test func `a redirection loop is an error`() async throws {
        let server = try LoopbackServer { _ in .response(301, headers: ["Location: /again"]) }
        let request = HTTPRequest(url: server.url, followsRedirects: true)
        let error = await #expect(throws: TransportError.self) { try await send(request) }
        #expect(error?.kind == .redirect)
        #expect(error?.message.contains("Maximum (10) redirects followed") == true, "\(error?.message ?? "")")
    }

    @Test func `a token file is read for each request`() async throws {
        let authority = try TestAuthority()
        let path = try authority.write("first\n", to: "token")
        let server = try LoopbackServer { _ in .response(200) }
        _ = try await send(HTTPRequest(url: server.url), ConnectionIdentity(token: .file(path)))
        try authority.write("second\n", to: "token")
        _ = try await send(HTTPRequest(url: server.url), ConnectionIdentity(token: .file(path)))
        #expect(server.requests.map { $0.header("Authorization") } == ["Bearer first", "Bearer second"])
    }

    @Test(arguments: ["", "\n", "two\nlines", "a b", "tab\tin"])
    func `a file without a token is refused`(text: String) async throws {
        let authority = try TestAuthority()
        let path = try authority.write(text, to: "token")
        let error = await #expect(throws: TransportError.self) {
            try await send(HTTPRequest(url: "http://127.0.0.1:1/"), ConnectionIdentity(token: .file(path)))
        }
        #expect(error?.message == "token file '\(path)' contains no valid token: it must be one line without spaces")
    }
}
