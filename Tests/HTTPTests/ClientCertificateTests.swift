import HTTP
import TestSupport
import Testing

/// Client certificates.
@Suite(.timeLimit(.minutes(5)))
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
        client = try HTTPClient()
    }

    private func send(_ certificate: PEMSource?, _ key: PEMSource?) async throws(TransportError) -> HTTPResponse {
        let identity = ConnectionIdentity(
            certificateAuthority: .file(authority.certificatePath),
            clientCertificate: certificate,
            clientKey: key,
        )
        return try await client.send(HTTPRequest(url: server.url), as: identity, deadline: .now + .seconds(600))
    }

    private func failure(_ certificate: PEMSource?, _ key: PEMSource?) async throws -> TransportError {
        try #require(await #expect(throws: TransportError.self) { try await send(certificate, key) })
    }

    @Test func `a certificate with its key is accepted, from files and as data`() async throws {
        #expect(try await send(.file(user.certificatePath), .file(user.keyPath)).status == 200)
        let certificate = PEMSource.data(try Files.read(user.certificatePath))
        #expect(try await send(certificate, .data(try Files.read(user.keyPath))).status == 200)
    }

    @Test(arguments: TestAuthority.KeyKind.allCases)
    func `a key of any type is accepted`(kind: TestAuthority.KeyKind) async throws {
        let user = try authority.issue("kind", key: kind)
        #expect(try await send(.file(user.certificatePath), .file(user.keyPath)).status == 200)
    }

    @Test func `a server that requires a certificate is reported`() async throws {
        let error = try await failure(nil, nil)
        #expect(error.kind == .clientCertificateRefused)
        #expect(error.message.hasPrefix("'\(error.address)': ") && error.message.contains("certificate required"))
    }

    @Test func `a certificate that the server refuses is reported with its reason`() async throws {
        let elsewhere = try TestAuthority(subject: "/CN=elsewhere")
        let stranger = try elsewhere.issue("stranger")
        for (issued, words) in [(stranger, "unknown ca"), (try authority.issue("late", validity: .past), "expired")] {
            let error = try await failure(.file(issued.certificatePath), .file(issued.keyPath))
            #expect(error.kind == .clientCertificateRefused)
            #expect(error.message.contains(words))
        }
    }

    @Test func `the key of another certificate names both files`() async throws {
        let other = try authority.issue("other")
        let error = try await failure(.file(user.certificatePath), .file(other.keyPath))
        #expect(error.kind == .invalidRequest)
        #expect(
            error.message
                == "client certificate '\(user.certificatePath)' and client key '\(other.keyPath)' do not match"
        )
    }

    @Test func `a file that cannot be read is named`() async throws {
        let missing = try await failure(.file("/nowhere/a.crt"), .file(user.keyPath))
        #expect(missing.kind == .invalidRequest)
        #expect(missing.message == "cannot read '/nowhere/a.crt': No such file or directory")
        let device = try await failure(.file("/dev/zero"), .file(user.keyPath))
        #expect(device.message == "cannot read '/dev/zero': is a character device")
    }

    @Test func `a certificate needs a key`() async throws {
        let certificateAlone = try await failure(.file(user.certificatePath), nil)
        #expect(certificateAlone.message == "client certificate '\(user.certificatePath)' is given without a key")
        let keyAlone = try await failure(nil, .file(user.keyPath))
        #expect(keyAlone.message == "client key '\(user.keyPath)' is given without a certificate")
    }

    @Test func `an invalid file is reported`() async throws {
        let garbage = try authority.write("garbage\n", to: "garbage")
        let error = try await failure(.file(garbage), .file(user.keyPath))
        #expect(error.kind == .invalidRequest)
        #expect(error.message.hasPrefix("client certificate '\(garbage)' contains no PEM block"))
        let inline = try await failure(.file(user.certificatePath), .data(Array("garbage".utf8)))
        #expect(inline.message.hasPrefix("inline client key contains no PEM block"))
    }

    @Test func `a changed file is read again`() async throws {
        let key = try Files.text(user.keyPath)
        let path = try authority.write(key, to: "changing.key")
        #expect(try await send(.file(user.certificatePath), .file(path)).status == 200)
        try authority.write("", to: "changing.key")
        #expect(try await failure(.file(user.certificatePath), .file(path)).message == "client key '\(path)' is empty")
    }
}
