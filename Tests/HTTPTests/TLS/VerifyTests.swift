import HTTP
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(15)))
struct VerifyTests {
    private let authority: TestAuthority
    private let root: [Certificate]

    init() throws {
        authority = try TestAuthority(subject: "/CN=right-ca")
        root = try Certificate.read(pem: try Files.read(authority.certificatePath))
    }

    private func issue(
        _ name: String,
        validity: TestAuthority.Validity = .now,
        isAuthority: Bool = false,
        issuer: String = "ca",
    ) throws -> Certificate {
        let issued = try authority.issue(
            name,
            subject: "/CN=\(name)",
            validity: validity,
            isAuthority: isAuthority,
            issuer: issuer,
        )
        return try #require(try Certificate.read(pem: try Files.read(issued.certificatePath)).first)
    }

    private func error(_ body: () throws(TLSError) -> Void) -> TLSError? {
        do throws(TLSError) {
            try body()
            return nil
        } catch {
            return error
        }
    }

    @Test func `a certificate of the authority is valid`() throws {
        let leaf = try issue("leaf")
        #expect(error { () throws(TLSError) in try leaf.verify(by: root) } == nil)
        #expect(leaf.isIssued(by: root))
        #expect(!leaf.isIssued(by: []))
    }

    @Test func `a chain needs its intermediate certificate`() throws {
        let middle = try issue("middle", isAuthority: true)
        let leaf = try issue("leaf", issuer: "middle")
        #expect(leaf.isIssued(by: root, intermediates: [middle]))
        #expect(leaf.isIssued(by: [middle]))
        let error = error { () throws(TLSError) in try leaf.verify(by: root) }
        #expect(error == TLSError(.unknownIssuer, "is issued by 'CN=middle', which is not trusted"))
    }

    @Test func `an authority of the same name with another key is not trusted`() throws {
        let namesake = try TestAuthority(subject: "/CN=right-ca")
        let namesakes = try Certificate.read(pem: try Files.read(namesake.certificatePath))
        let leaf = try issue("leaf")
        let error = error { () throws(TLSError) in try leaf.verify(by: namesakes) }
        let words = "has the name of a trusted authority but a different key"
        #expect(error == TLSError(.wrongSignature, "is issued by 'CN=right-ca', which \(words)"))
        let stranger = try TestAuthority(subject: "/CN=other")
        let other = try Certificate.read(pem: try Files.read(stranger.certificatePath))
        let unknown = self.error { () throws(TLSError) in try leaf.verify(by: other) }
        #expect(unknown == TLSError(.unknownIssuer, "is issued by 'CN=right-ca', which is not trusted"))
    }

    @Test func `the validity period is checked at an instant`() throws {
        let leaf = try issue("leaf", validity: .past)
        #expect(leaf.isIssued(by: root))
        let late = error { () throws(TLSError) in try leaf.verify(by: root) }
        #expect(late == TLSError(.notValidNow, "expired at 2001-12-31T23:59:59Z"))
        let early = try issue("early", validity: .future)
        let error = error { () throws(TLSError) in try early.verify(by: root) }
        #expect(error == TLSError(.notValidNow, "is not valid before 2098-01-01T00:00:00Z"))
        let then = early.validFrom
        // At that time the leaf is valid, but the authority no longer.
        let later = self.error { () throws(TLSError) in try early.verify(by: root, at: then) }
        #expect(later?.kind == .notValidNow)
        #expect(later?.message == "depends on 'CN=right-ca', which expired at \(root[0].validUntil)")
    }

    @Test func `a certificate that is not an authority cannot issue others`() throws {
        _ = try issue("user")
        let forged = try issue("forged", issuer: "user")
        let user = try Certificate.read(pem: try Files.read(authority.path("user.crt")))
        let error = error { () throws(TLSError) in try forged.verify(by: root, intermediates: user) }
        #expect(error?.kind == .other)
        #expect(error?.message.contains("refused: ") == true)
    }

    @Test func `a self-signed certificate is trusted only if it is known`() throws {
        let issued = try authority.makeSelfSigned("alone", subject: "/CN=alone", names: ["DNS:a"])
        let alone = try Certificate.read(pem: try Files.read(issued.certificatePath))
        #expect(alone[0].isIssued(by: alone))
        let error = error { () throws(TLSError) in try alone[0].verify(by: root) }
        #expect(error == TLSError(.unknownIssuer, "is self-signed ('CN=alone') and not trusted"))
    }
}
