import Base
import HTTP
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(15)))
struct CertificateTests {
    private let authority: TestAuthority

    init() throws {
        authority = try TestAuthority(subject: "/O=the authority/CN=test-ca")
    }

    private func read(_ path: String) throws -> [Certificate] {
        try Certificate.read(pem: try Files.read(path))
    }

    private func message(_ text: String) -> String? {
        do throws(TLSError) {
            _ = try Certificate.read(pem: Array(text.utf8))
            return nil
        } catch {
            return error.message
        }
    }

    @Test func `a certificate is parsed`() throws {
        let names = ["DNS:kubernetes", "IP:10.96.0.1", "DNS:*.example.org", "IP:fd00::1", "email:a@b"]
        let subject = "/O=system:masters/O=a, b/CN=kübe"
        let issued = try authority.issue("it", subject: subject, names: names, validity: .past)
        let certificate = try #require(try read(issued.certificatePath).first)
        #expect(certificate.subject == "CN=kübe,O=a\\, b,O=system:masters")
        #expect(certificate.issuer == "CN=test-ca,O=the authority")
        #expect(certificate.commonName == "kübe")
        #expect(certificate.organizations == ["system:masters", "a, b"])
        #expect(certificate.names == ["kubernetes", "10.96.0.1", "*.example.org", "fd00::1"])
        #expect(certificate.validFrom.description == "2001-01-01T00:00:00Z")
        #expect(certificate.validUntil.description == "2001-12-31T23:59:59Z")
        let own = try #require(try read(authority.certificatePath).first)
        #expect(!certificate.isAuthority && own.isAuthority)
        #expect(try Certificate(der: certificate.der) == certificate)
    }

    @Test func `all certificates of a file are read, ignoring text between them`() throws {
        let issued = try authority.issue("it")
        let leaf = try Files.text(issued.certificatePath)
        let key = try Files.text(issued.keyPath)
        let root = try Files.text(authority.certificatePath)
        let windows = root.split(separator: "\n").map { "\($0) \r\n" }.joined()
        let text = "# the user\n\(key)\(leaf)\n# the authority\n\(windows)"
        let certificates = try Certificate.read(pem: Array(text.utf8))
        #expect(certificates.map(\.commonName) == ["kube-admin", "test-ca"])
    }

    @Test(arguments: [
        ("", "is empty"),
        ("hello", "contains no PEM block (no line '-----BEGIN …-----')"),
        (
            "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n",
            "contains a private key, not a certificate"
        ),
        ("x\n-----BEGIN CERTIFICATE-----\nAAAA\n", "contains an invalid PEM block, number 1: "),
        (
            "-----BEGIN CERTIFICATE-----\nAA?A\n-----END CERTIFICATE-----",
            "contains an invalid PEM block, number 1: "
        ),
        (
            "a:\n  -----BEGIN CERTIFICATE-----\n  AAAA\n  -----END CERTIFICATE-----\n",
            "contains no PEM block (no line '-----BEGIN …-----')"
        ),
    ])
    func `a text without certificates is described`(text: String, expected: String) {
        #expect(message(text)?.hasPrefix(expected) == true, "\(message(text) ?? "")")
    }

    @Test func `a damaged certificate is refused`() throws {
        let der = try #require(try read(authority.certificatePath).first).der
        #expect(throws: TLSError(.wrongContents, "is in DER format, not PEM")) { try Certificate.read(pem: der) }
        for broken in [Array(der.dropLast()), der + [0], Array(der.reversed()), [], [0x30]] {
            let error = #expect(throws: TLSError.self) { try Certificate(der: broken) }
            #expect(error?.kind == .damaged)
            #expect(error?.message.hasPrefix("contains an invalid certificate: ") == true)
        }
        for location in der.indices {
            var broken = der
            broken[location] ^= 0x81
            // It must not end the process.
            _ = try? Certificate(der: broken)
        }
    }
}
