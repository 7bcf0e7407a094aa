import Base
import HTTP
@testable import HTTP
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(15)))
struct HTTPClientTests {
    private let client: HTTPClient

    init() throws {
        client = HTTPClient()
    }

    @Test func `a response has status, headers and body`() async throws {
        let server = try LoopbackServer { _ in
            .response(404, headers: ["Warning: 299 - \"a\"", "warning: 299 - \"b\""], body: Array("gone".utf8))
        }
        let response = try await client.send(HTTPRequest(url: "\(server.url)/x?y=z"), deadline: .now + .seconds(600))
        #expect(response.status == 404)
        #expect(response.values(of: "WARNING") == ["299 - \"a\"", "299 - \"b\""])
        #expect(response.body == Array("gone".utf8))
        #expect(response.httpVersion == "1.1")
        #expect(server.requests.first?.target == "/x?y=z")
    }

    @Test func `a client that was shut down before its first request sends none`() async throws {
        let server = try LoopbackServer { _ in .response(200) }
        let unused = HTTPClient()
        await unused.shutDown()
        let error = await #expect(throws: TransportError.self) {
            try await unused.send(HTTPRequest(url: server.url), deadline: .now + .seconds(600))
        }
        #expect(error?.kind == .cancelled)
    }

    @Test(arguments: ["GET", "PATCH", "DELETE"])
    func `a request arrives as written`(method: String) async throws {
        let server = try LoopbackServer { _ in .response(200) }
        // A large body is sent without a question before it.
        let body: [UInt8]? = method == "GET" ? nil : [0, 1, 2, 0, 255] + Array(repeating: 120, count: 3 << 20)
        let headers = [HTTPHeader("Content-Type", "application/apply-patch+yaml"), HTTPHeader("X-Empty", "")]
        let request = HTTPRequest(method: method, url: server.url, headers: headers, body: body)
        _ = try await client.send(request, as: ConnectionIdentity(token: .value("t0p")), deadline: .now + .seconds(600))
        let arrived = try #require(server.requests.first)
        #expect(arrived.method == method)
        #expect(arrived.body == body ?? [])
        #expect(arrived.header("Content-Type") == "application/apply-patch+yaml")
        #expect(arrived.header("X-Empty") == "")
        #expect(arrived.header("Authorization") == "Bearer t0p")
        #expect(arrived.header("User-Agent") == "nest-bootstrap")
        #expect(arrived.header("Expect") == nil)
    }
}

@Suite(.timeLimit(.minutes(15)))
struct RequestURLTests {
    @Test(arguments: [
        ("https://Example.org/a?b#c", "https://Example.org/a", "Example.org:443", "Example.org"),
        ("http://example.org", "http://example.org/", "example.org:80", "example.org"),
        ("HTTPS://127.0.0.1:6443/x", "https://127.0.0.1:6443/x", "127.0.0.1:6443", "127.0.0.1:6443"),
        ("https://[::1]:6443", "https://[::1]:6443/", "[::1]:6443", "[::1]:6443"),
        ("https://me:secret@host:443/", "https://host:443/", "host:443", "host"),
    ])
    func `a URL is parsed`(text: String, shown: String, address: String, authority: String) throws {
        let url = try RequestURL(text)
        #expect(url.shownText == shown)
        #expect(url.address == address)
        #expect(url.authority == authority)
    }

    @Test(arguments: [
        ("https://127.0.0.1:6443/x?y", "kubernetes", "https://kubernetes:6443/x?y"),
        ("https://[::1]/", "a.b", "https://a.b:443/"),
        ("https://a/", "", nil),
        ("https://a/", "b/c", nil),
        ("https://a/", "b:1", nil),
    ])
    func `the host of a URL is replaced`(text: String, host: String, expected: String?) throws {
        #expect(try RequestURL(text).text(withHost: host) == expected)
    }
}
