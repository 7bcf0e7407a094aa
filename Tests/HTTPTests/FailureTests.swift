import HTTP
import TestSupport
import Testing

/// How a request ends that gets no response.
@Suite(.timeLimit(.minutes(15)))
struct FailureTests {
    private let client: HTTPClient

    init() throws {
        client = HTTPClient()
    }

    private func failure(
        _ request: HTTPRequest,
        within time: Duration = .seconds(600),
    ) async throws -> TransportError {
        try #require(
            await #expect(throws: TransportError.self) { try await client.send(request, deadline: .now + time) }
        )
    }

    @Test func `a refused connection names the address`() async throws {
        let port = try freePort()
        let error = try await failure(HTTPRequest(url: "http://127.0.0.1:\(port)/readyz"))
        #expect(error.kind == .refused)
        #expect(error.message == "cannot connect to '127.0.0.1:\(port)': connection refused")
        #expect(try await failure(HTTPRequest(url: "http://localhost:\(port)/")).kind == .refused)
    }

    @Test func `an unknown host is named`() async throws {
        let error = try await failure(HTTPRequest(url: "http://no-such-host.invalid/"))
        #expect(error.kind == .resolve)
        #expect(error.message == "cannot resolve host 'no-such-host.invalid'")
    }

    @Test(arguments: [
        LoopbackServer.Reply.close,
        .rawThenClose(Array("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf".utf8)),
    ])
    func `a connection closed before the end of a response is reported`(reply: LoopbackServer.Reply) async throws {
        let server = try LoopbackServer { _ in reply }
        let error = try await failure(HTTPRequest(url: server.url))
        #expect(error.kind == .closed)
        #expect(error.message.hasPrefix("'127.0.0.1:\(server.port)': "))
    }

    @Test func `a request to a silent server ends at the deadline`() async throws {
        let server = try LoopbackServer { _ in .silence }
        let error = try await failure(HTTPRequest(url: server.url), within: .seconds(2))
        #expect(error.kind == .timedOut)
        #expect(error.message.hasPrefix("no response from '127.0.0.1:\(server.port)' within "))
    }

    @Test func `a deadline that has passed sends nothing`() async throws {
        let server = try LoopbackServer { _ in .response(200) }
        let error = try await failure(HTTPRequest(url: server.url), within: .zero)
        #expect(error.kind == .timedOut)
        #expect(server.requests.isEmpty)
    }

    @Test func `a TLS handshake without an answer ends after the connection timeout`() async throws {
        let client = HTTPClient(connectTimeout: .seconds(2))
        let listener = try SilentListener()
        let error = await #expect(throws: TransportError.self) {
            try await client.send(
                HTTPRequest(url: "https://127.0.0.1:\(listener.port)"),
                deadline: .now + .seconds(600)
            )
        }
        #expect(error?.kind == .timedOut)
        #expect(error?.message == "'127.0.0.1:\(listener.port)' did not complete the TLS handshake within 2 s")
    }

    @Test func `a reply may have as many bytes as the limit, and not one more`() async throws {
        let server = try LoopbackServer { .response(200, body: Array(repeating: 1, count: $0.target == "/5" ? 5 : 4)) }
        let small = HTTPRequest(url: "\(server.url)/4", replyLimit: 4)
        #expect(try await client.send(small, deadline: .now + .seconds(600)).body.count == 4)
        let error = try await failure(HTTPRequest(url: "\(server.url)/5", replyLimit: 4))
        #expect(error.kind == .replyTooLarge)
        #expect(error.message == "the reply of '127.0.0.1:\(server.port)' is larger than 4 bytes")
    }

    @Test(arguments: [
        String(repeating: "X-Long: \(String(repeating: "x", count: 50_000))\r\n", count: 40),
        "X-Long: \(String(repeating: "x", count: 300_000))\r\n",
    ])
    func `an endless header is refused`(header: String) async throws {
        let server = try LoopbackServer { _ in .rawThenClose(Array("HTTP/1.1 200 OK\r\n\(header)\r\n".utf8)) }
        let error = try await failure(HTTPRequest(url: server.url))
        #expect(error.kind == .replyTooLarge)
        #expect(error.message == "the reply of '127.0.0.1:\(server.port)' has a header that is too long")
    }

    @Test(arguments: [
        ("", "'' is not a URL"),
        ("http://a/\r\nX: y", "'http://a/\r\nX: y' is not a URL"),
        ("file:///etc/passwd", "'file:///etc/passwd' is not an http or https URL"),
        ("ftp://user:secret@host/", "'host/' is not an http or https URL"),
        ("127.0.0.1:6443", "'127.0.0.1:6443' is not a URL"),
    ])
    func `a text that is not a URL of a server is refused`(url: String, message: String) async throws {
        let error = try await failure(HTTPRequest(url: url))
        #expect(error.kind == .invalidRequest)
        #expect(error.message.hasPrefix(message))
    }

    @Test func `user and password of a URL are not shown`() async throws {
        let port = try freePort()
        let error = try await failure(HTTPRequest(url: "http://me:secret@127.0.0.1:\(port)/x"))
        #expect("\(error)".contains("'127.0.0.1:\(port)'"))
        #expect(!"\(error)".contains("secret"))
    }

    @Test func `a header cannot inject another one`() async throws {
        let headers = [HTTPHeader("X", "1\r\nY: 2")]
        let error = try await failure(HTTPRequest(url: "http://127.0.0.1:1/", headers: headers))
        #expect(error.kind == .invalidRequest)
        #expect(error.message == "header 'X' is invalid")
    }
}
