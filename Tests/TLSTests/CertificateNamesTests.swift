import TestSupport
import Testing

@testable import TLS

@Suite(.timeLimit(.minutes(30)))
struct CertificateNamesTests {
    private func certificate(_ names: [String], by authority: TestAuthority) throws -> Certificate {
        let issued = try authority.issue("leaf", subject: "/CN=leaf", names: names)
        return try #require(try Certificate.read(pem: try Files.read(issued.certificatePath)).first)
    }

    @Test func `an address that is a DNS name is no name of the certificate`() throws {
        let leaf = try certificate(["DNS:127.0.0.1", "IP:10.0.0.1", "DNS:kubernetes"], by: TestAuthority())
        #expect(leaf.usableNames == ["10.0.0.1", "kubernetes"])
        let mismatch = leaf.mismatch(with: "127.0.0.1")
        #expect(mismatch.isOfWrongType)
        #expect(mismatch.reason == "lists '127.0.0.1' as a DNS name, which does not count for an IP address")
        #expect(mismatch.names == ["kubernetes", "10.0.0.1"])
        #expect(!leaf.mismatch(with: "10.0.0.2").isOfWrongType)
        #expect(leaf.mismatch(with: "[::1]").reason == "is not for '::1' but for '10.0.0.1, kubernetes'")
    }

    @Test func `a wildcard covers one part of a name`() throws {
        let leaf = try certificate(["DNS:*.example.org"], by: TestAuthority())
        let reason = leaf.mismatch(with: "a.b.example.org").reason
        #expect(reason.hasSuffix("but for '*.example.org' (a '*' covers one part of a name only)"))
        #expect(leaf.mismatch(with: "a.b.example.org").names.isEmpty)
    }

    @Test func `a subject alternative name has a type`() {
        #expect(Certificate.alternativeName(for: "10.0.0.1") == "IP:10.0.0.1")
        #expect(Certificate.alternativeName(for: "[fd00::1]") == "IP:fd00::1")
        #expect(Certificate.alternativeName(for: "api") == "DNS:api")
    }

    @Test func `a name that the constraints of a CA do not permit is named with the rule`() throws {
        let authority = try TestAuthority()
        try authority.openssl(
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-keyout",
            "corp.key",
            "-out",
            "corp.crt",
            "-days",
            "30",
            "-subj",
            "/CN=corp",
            "-addext",
            "nameConstraints=critical,permitted;DNS:.corp.example,permitted;IP:10.0.0.0/255.0.0.0",
        )
        let names = ["DNS:localhost", "DNS:api.corp.example", "IP:10.1.1.1", "IP:127.0.0.1"]
        let issued = try authority.issue("leaf", subject: "/CN=leaf", names: names, issuer: "corp")
        let leaf = try #require(try Certificate.read(pem: try Files.read(issued.certificatePath)).first)
        let root = try Certificate.read(pem: try Files.read(authority.path("corp.crt")))
        let error = #expect(throws: TLSError.self) { try leaf.verify(by: root) }
        let violation = try #require(error?.nameViolation)
        #expect(violation.names == ["localhost", "127.0.0.1"])
        #expect(violation.otherNames == ["api.corp.example", "10.1.1.1"])
        #expect(violation.rule == "permit only '.corp.example', '10.0.0.0/8'")
        #expect(violation.authority == "CN=corp")
    }
}
