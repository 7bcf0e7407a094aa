import HTTP
import TestSupport
import Testing

@Suite(.enabled(if: HTTP2Server.isInstalled), .timeLimit(.minutes(15)))
struct HTTP2Tests {
    private let authority: TestAuthority
    private let server: HTTP2Server
    private let client: HTTPClient
    private let identity: ConnectionIdentity

    init() throws {
        authority = try TestAuthority()
        let certificate = try authority.issue("server", subject: "/CN=server", names: ["IP:127.0.0.1"])
        try authority.write("hello", to: "hello.txt")
        server = try HTTP2Server(certificate, directory: authority.directory, options: "--echo-upload")
        client = HTTPClient()
        identity = ConnectionIdentity(certificateAuthority: try Files.read(authority.certificatePath))
    }

    @Test func `requests at once share one connection`() async throws {
        let bodies = try await withThrowingTaskGroup(of: [UInt8].self) { group in
            for number in 0..<16 {
                group.addTask { [client, server, identity] in
                    let body = Array("body \(number)".utf8)
                    let request = HTTPRequest(method: "POST", url: "\(server.url)/echo", body: body)
                    let response = try await client.send(request, as: identity, deadline: .now + .seconds(600))
                    return response.body == body ? body : []
                }
            }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(bodies.count == 16)
        #expect(!bodies.contains([]))
        #expect(server.connectionCount == 1)
    }

    @Test func `after a silence a new connection is made`() async throws {
        let proxy = try LoopbackProxy(to: server.port)
        let request = HTTPRequest(url: "https://127.0.0.1:\(proxy.port)/hello.txt")
        _ = try await client.send(request, as: identity, deadline: .now + .seconds(600))
        proxy.silenceConnections()
        let error = await #expect(throws: TransportError.self) {
            try await client.send(request, as: identity, deadline: .now + .seconds(3))
        }
        #expect(error?.message.hasPrefix("no response from '127.0.0.1:\(proxy.port)' within ") == true)
        for _ in 0..<3 {
            let response = try await client.send(request, as: identity, deadline: .now + .seconds(600))
            #expect(response.status == 200)
        }
        #expect(proxy.connectionCount == 2)
    }

    @Test func `another user has another connection`() async throws {
        let user = try authority.issue("user")
        var other = identity
        other.clientCertificate = try Files.read(user.certificatePath)
        other.clientKey = try Files.read(user.keyPath)
        for identity in [identity, other, identity, other] {
            let request = HTTPRequest(url: "\(server.url)/hello.txt")
            _ = try await client.send(request, as: identity, deadline: .now + .seconds(600))
        }
        #expect(server.connectionCount == 2)
    }

    @Test func `the header Host is that of the URL, whatever the server name`() async throws {
        let certificate = try authority.issue("named", subject: "/CN=named", names: ["DNS:kubernetes"])
        let named = try HTTP2Server(certificate, directory: authority.directory)
        var identity = identity
        identity.serverName = "kubernetes"
        let request = HTTPRequest(url: "\(named.url)/hello.txt")
        #expect(try await client.send(request, as: identity, deadline: .now + .seconds(600)).httpVersion == "2")
        // The server prints what it receives on its own time.
        #expect(try await becomes { !named.authorities.isEmpty })
        #expect(named.authorities.map { "https://\($0)" } == [named.url])
    }
}
