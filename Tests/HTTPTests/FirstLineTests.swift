import Base
import HTTP
import TestSupport
import Testing

/// Responses that end with the first line of their body.
@Suite(.timeLimit(.minutes(5)))
struct FirstLineTests {
    @Test(arguments: [("one\ntwo\n", "one"), ("one\n", "one"), ("no line", "no line"), ("", "")])
    func `only the first line is returned`(body: String, expected: String) async throws {
        let server = try LoopbackServer { _ in .response(200, body: Array(body.utf8)) }
        let client = try HTTPClient()
        let request = HTTPRequest(url: server.url, endsWithFirstLine: true)
        let response = try await client.send(request, deadline: .now + .seconds(600))
        #expect(response.status == 200)
        #expect(String(decoding: response.body, as: UTF8.self) == expected)
    }

    @Test func `a stream without an end is not waited for`() async throws {
        // The length promises more than is ever sent, so only the line can end the response.
        let server = try LoopbackServer { _ in
            .rawThenWait(Array("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n{\"type\":\"ADDED\"}\n".utf8))
        }
        let client = try HTTPClient()
        let request = HTTPRequest(url: server.url, endsWithFirstLine: true)
        // A request that waits for the end fails at the deadline.
        let response = try await client.send(request, deadline: .now + .seconds(600))
        #expect(String(decoding: response.body, as: UTF8.self) == "{\"type\":\"ADDED\"}")
    }
}
