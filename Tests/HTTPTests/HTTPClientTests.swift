import HTTP
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(5)))
struct HTTPClientTests {
    private let client: HTTPClient

    init() throws {
        client = try HTTPClient()
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

    @Test func `a client that starts by its first request sends it`() async throws {
        let server = try LoopbackServer { _ in .response(200) }
        let client = try HTTPClient(startsAtOnce: false)
        #expect(try await client.send(HTTPRequest(url: server.url), deadline: .now + .seconds(600)).status == 200)
        await client.shutDown()
    }

    @Test func `a client that starts in the background sends requests, and can be shut down at once`() async throws {
        let server = try LoopbackServer { _ in .response(200) }
        let client = try HTTPClient(startsAtOnce: false)
        try client.startInBackground()
        #expect(try await client.send(HTTPRequest(url: server.url), deadline: .now + .seconds(600)).status == 200)
        await client.shutDown()
        for _ in 0..<20 {
            let unused = try HTTPClient(startsAtOnce: false)
            try unused.startInBackground()
            await unused.shutDown()
        }
    }

    @Test func `a client that has sent nothing can be shut down, and then refuses requests`() async throws {
        let client = try HTTPClient(startsAtOnce: false)
        await client.shutDown()
        let error = await #expect(throws: TransportError.self) {
            try await client.send(HTTPRequest(url: "http://127.0.0.1:1"), deadline: .now + .seconds(600))
        }
        #expect(error?.kind == .cancelled)
    }

    @Test(arguments: ["GET", "POST", "PUT", "PATCH", "DELETE"])
    func `a request arrives as written`(method: String) async throws {
        let server = try LoopbackServer { _ in .response(200) }
        let body: [UInt8]? = method == "GET" ? nil : [0, 1, 2, 0, 255]
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

    @Test func `a large body is sent without Expect`() async throws {
        let server = try LoopbackServer { .response(200, body: $0.body) }
        let body = Array(repeating: UInt8(ascii: "x"), count: 3 << 20)
        let request = HTTPRequest(method: "PATCH", url: server.url, body: body)
        let response = try await client.send(request, deadline: .now + .seconds(600))
        #expect(response.body.count == body.count)
        #expect(server.requests.first?.header("Content-Type") == nil)
    }

    @Test func `a body may be empty or missing`() async throws {
        let server = try LoopbackServer { _ in .response(200) }
        for body in [[], nil] as [[UInt8]?] {
            let request = HTTPRequest(method: "POST", url: server.url, body: body)
            _ = try await client.send(request, deadline: .now + .seconds(600))
        }
        #expect(server.requests.map { $0.header("Content-Length") } == ["0", nil])
    }

    @Test func `a response to HEAD has no body`() async throws {
        let server = try LoopbackServer { _ in .response(200, body: [1, 2, 3]) }
        let response = try await client.send(
            HTTPRequest(method: "HEAD", url: server.url),
            deadline: .now + .seconds(600),
        )
        #expect(response.status == 200)
        #expect(response.body == [])
    }

    @Test func `requests one after the other share a connection`() async throws {
        let server = try LoopbackServer { _ in .response(200) }
        for _ in 0..<5 {
            _ = try await client.send(HTTPRequest(url: server.url), deadline: .now + .seconds(600))
        }
        #expect(server.connectionCount == 1)
    }

    @Test func `many requests at once need a few connections only`() async throws {
        // On a busy machine a connection may be closed and opened again; without a limit there would be hundreds.
        #expect(try await becomes { try await connectionsForManyRequests() <= 6 })
    }

    /// Sends 300 requests at once to a new server, and returns how many connections it got.
    private func connectionsForManyRequests() async throws -> Int {
        let server = try LoopbackServer { .response(200, body: Array($0.target.utf8)) }
        let answers = try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<300 {
                group.addTask { [client] in
                    let request = HTTPRequest(url: "\(server.url)/\(number)")
                    let response = try await client.send(request, deadline: .now + .seconds(600))
                    return response.body == Array("/\(number)".utf8)
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(answers.count == 300)
        #expect(answers.allSatisfy { $0 })
        return server.connectionCount
    }
}
