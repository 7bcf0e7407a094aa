import Base
import HTTP
import TestSupport
import Testing

/// What a server shows, and what is made of it.
@Suite(.timeLimit(.minutes(15)))
struct TLSTests {
    private let authority: TestAuthority
    private let client: HTTPClient

    init() throws {
        authority = try TestAuthority(subject: "/CN=right-ca")
        client = HTTPClient()
    }

    private func get(_ url: String, _ identity: ConnectionIdentity) async throws(TransportError) -> HTTPResponse {
        try await client.send(HTTPRequest(url: url), as: identity, deadline: .now + .seconds(600))
    }

    private func failure(_ url: String, _ identity: ConnectionIdentity) async throws -> TransportError {
        let error = await #expect(throws: TransportError.self) { try await get(url, identity) }
        let found = try #require(error)
        #expect(found.peer == nil || found.kind != .tls)
        return found
    }

    private func serverCertificate(
        names: [String] = ["IP:127.0.0.1"],
        validity: TestAuthority.Validity = .now,
    ) throws -> TestAuthority.Issued {
        try authority.issue("server", subject: "/O=the servers/CN=server", names: names, validity: validity)
    }

    private var trusting: ConnectionIdentity {
        get throws { ConnectionIdentity(certificateAuthority: try Files.read(authority.certificatePath)) }
    }

    @Test func `a server of the named authority is trusted`() async throws {
        let server = try TLSServer(try serverCertificate())
        #expect(try await get(server.url, trusting).status == 200)
        // Without an authority those of the system are trusted.
        #expect(try await failure(server.url, ConnectionIdentity()).kind == .untrusted)
    }

    @Test func `an issuer of the same name with another key is not trusted`() async throws {
        let server = try TLSServer(try serverCertificate())
        let namesake = try TestAuthority(subject: "/CN=right-ca")
        let identity = ConnectionIdentity(certificateAuthority: try Files.read(namesake.certificatePath))
        let error = try await failure(server.url, identity)
        #expect(error.kind == .untrusted)
        #expect(error.message.hasPrefix("the certificate of '127.0.0.1:\(server.port)' is refused: "))
        #expect(error.peer?.subject == "CN=server,O=the servers")
        #expect(error.peer?.issuer == "CN=right-ca")
        #expect(error.peer?.names == ["127.0.0.1"])
    }

    @Test func `a self-signed certificate is reported`() async throws {
        let alone = try authority.makeSelfSigned("alone", subject: "/CN=alone", names: ["IP:127.0.0.1"])
        let server = try TLSServer(alone)
        let error = try await failure(server.url, trusting)
        #expect(error.kind == .untrusted)
        #expect(error.message.contains("signed certificate"))
        let identity = ConnectionIdentity(certificateAuthority: try Files.read(alone.certificatePath))
        #expect(try await get(server.url, identity).status == 200)
    }

    @Test func `a certificate for other names lists them`() async throws {
        let server = try TLSServer(try serverCertificate(names: ["DNS:kubernetes", "IP:10.96.0.1"]))
        let error = try await failure(server.url, trusting)
        #expect(error.kind == .hostName)
        #expect(error.peer?.names == ["kubernetes", "10.96.0.1"])
    }

    @Test func `a certificate that is not valid now is reported with its validity`() async throws {
        let old = try TLSServer(try serverCertificate(validity: .past))
        let expired = try await failure(old.url, trusting)
        #expect(expired.kind == .serverCertificateExpired)
        #expect(expired.peer?.validUntil == Timestamp(rfc3339: "2001-12-31T23:59:59Z"))
        let new = try TLSServer(try serverCertificate(validity: .future))
        #expect(try await failure(new.url, trusting).kind == .serverCertificateNotYetValid)
    }

    @Test func `a chain with an intermediate certificate is verified`() async throws {
        _ = try authority.issue("middle", subject: "/CN=middle-ca", isAuthority: true)
        let leaf = try authority.issue("leaf", subject: "/CN=leaf", names: ["IP:127.0.0.1"], issuer: "middle")
        let server = try TLSServer(leaf, chain: authority.path("middle.crt"))
        #expect(try await get(server.url, trusting).status == 200)
        let onlyMiddle = ConnectionIdentity(certificateAuthority: try Files.read(authority.path("middle.crt")))
        #expect(try await get(server.url, onlyMiddle).status == 200)
    }

    @Test func `another server name is requested and verified`() async throws {
        let named = try authority.issue("named", subject: "/CN=named", names: ["DNS:kubernetes"])
        let server = try TLSServer(
            try serverCertificate(names: ["DNS:somebody"]),
            options: "-servername",
            "kubernetes",
            "-cert2",
            named.certificatePath,
            "-key2",
            named.keyPath,
        )
        var identity = try trusting
        identity.serverName = "kubernetes"
        #expect(try await get(server.url, identity).status == 200)
        identity.serverName = "elsewhere"
        let error = try await failure(server.url, identity)
        #expect(error.kind == .hostName)
    }

    @Test func `a redirection out of TLS is refused`() async throws {
        let response = "HTTP/1.0 302 Found\r\nLocation: http://127.0.0.1:1/y\r\nContent-Length: 0\r\n\r\n"
        try authority.write(response, to: "x")
        let server = try TLSServer(try serverCertificate(), directory: authority.directory, options: "-HTTP")
        let request = HTTPRequest(url: "\(server.url)/x", followsRedirects: true)
        let error = await #expect(throws: TransportError.self) {
            try await client.send(request, as: trusting, deadline: .now + .seconds(600))
        }
        #expect(error?.kind == .redirect)
    }

    @Test func `a server without TLS is named as such`() async throws {
        let server = try LoopbackServer { _ in .response(200) }
        let error = try await failure("https://127.0.0.1:\(server.port)/", trusting)
        #expect(error.kind == .tls && error.message.contains("the server does not use TLS ("))
    }

    @Test func `an old version of TLS is refused`() async throws {
        let server = try TLSServer(try serverCertificate(), options: "-tls1_1", "-cipher", "ALL:@SECLEVEL=0")
        let error = try await failure(server.url, trusting)
        #expect(error.kind == .tls)
        #expect(error.message.hasPrefix("'127.0.0.1:\(server.port)': "))
    }
}
