import HTTP
import TestSupport
import Testing

/// Client certificates.
@Suite(.timeLimit(.minutes(15)))
struct ClientCertificateTests {
    private let authority: TestAuthority
    private let server: TLSServer
    private let user: TestAuthority.Issued
    private let client: HTTPClient

    init() throws {
        authority = try TestAuthority()
        let certificate = try authority.issue("server", subject: "/CN=server", names: ["IP:127.0.0.1"])
        server = try TLSServer(
            certificate,
            options: "-Verify",
            "1",
            "-verify_return_error",
            "-CAfile",
            authority.certificatePath,
        )
        user = try authority.issue("user")
        client = HTTPClient()
    }

    private func send(_ certificate: String?, _ key: String?) async throws -> HTTPResponse {
        var identity = ConnectionIdentity(certificateAuthority: try Files.read(authority.certificatePath))
        identity.clientCertificate = try certificate.map { try Files.read($0) }
        identity.clientKey = try key.map { try Files.read($0) }
        return try await client.send(HTTPRequest(url: server.url), as: identity, deadline: .now + .seconds(600))
    }

    private func failure(_ certificate: String?, _ key: String?) async throws -> TransportError {
        try #require(await #expect(throws: TransportError.self) { try await send(certificate, key) })
    }

    @Test(arguments: TestAuthority.KeyKind.allCases)
    func `a key of any type is accepted`(kind: TestAuthority.KeyKind) async throws {
        let user = try authority.issue("kind", key: kind)
        #expect(try await send(user.certificatePath, user.keyPath).status == 200)
    }

    @Test func `a server that requires a certificate is reported`() async throws {
        let error = try await failure(nil, nil)
        #expect(error.kind == .clientCertificateRefused)
        #expect(error.message.hasPrefix("'127.0.0.1:\(server.port)': "))
        #expect(error.message.contains("certificate required"))
    }

    @Test func `a certificate that the server refuses is reported with its reason`() async throws {
        let elsewhere = try TestAuthority(subject: "/CN=elsewhere")
        let stranger = try elsewhere.issue("stranger")
        for (issued, words) in [(stranger, "unknown ca"), (try authority.issue("late", validity: .past), "expired")] {
            let error = try await failure(issued.certificatePath, issued.keyPath)
            #expect(error.kind == .clientCertificateRefused)
            #expect(error.message.contains(words))
        }
    }

    @Test func `a certificate that cannot be used is reported with libcurl's reason`() async throws {
        let other = try authority.issue("other")
        let garbage = try authority.write("garbage\n", to: "garbage")
        for (certificate, key) in [(user.certificatePath, other.keyPath), (garbage, user.keyPath)] {
            let error = try await failure(certificate, key)
            #expect(error.kind == .invalidRequest)
            #expect(error.message.hasPrefix("the client certificate cannot be used: "), "\(error)")
        }
    }
}
