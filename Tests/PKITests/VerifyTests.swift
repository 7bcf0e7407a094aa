import PKI
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(3)))
struct VerifyTests {
    private let authority: TestAuthority
    private let root: [Certificate]

    init() throws {
        authority = try TestAuthority(subject: "/CN=right-ca")
        root = try Certificate.read(pem: try readTestFile(authority.certificatePath))
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
        return try #require(try Certificate.read(pem: try readTestFile(issued.certificatePath)).first)
    }

    private func error(_ body: () throws(PKIError) -> Void) -> PKIError? {
        do throws(PKIError) {
            try body()
            return nil
        } catch {
            return error
        }
    }

    @Test func `a certificate of the authority is good`() throws {
        let leaf = try issue("leaf")
        #expect(error { () throws(PKIError) in try leaf.verify(by: root) } == nil)
        #expect(leaf.isIssued(by: root))
        #expect(!leaf.isIssued(by: []))
    }

    @Test func `a chain needs its link`() throws {
        let middle = try issue("middle", isAuthority: true)
        let leaf = try issue("leaf", issuer: "middle")
        #expect(leaf.isIssued(by: root, intermediates: [middle]))
        #expect(leaf.isIssued(by: [middle]))
        let error = error { () throws(PKIError) in try leaf.verify(by: root) }
        #expect(error == PKIError(.unknownIssuer, "is issued by 'CN=middle', which is not trusted"))
    }

    @Test func `another authority is named`() throws {
        let other = try TestAuthority(subject: "/CN=other-ca")
        let others = try Certificate.read(pem: try readTestFile(other.certificatePath))
        let leaf = try issue("leaf")
        let error = error { () throws(PKIError) in try leaf.verify(by: others) }
        #expect(error == PKIError(.unknownIssuer, "is issued by 'CN=right-ca', which is not trusted"))
    }

    @Test func `an authority of the same name is told apart`() throws {
        let namesake = try TestAuthority(subject: "/CN=right-ca")
        let namesakes = try Certificate.read(pem: try readTestFile(namesake.certificatePath))
        let leaf = try issue("leaf")
        let error = error { () throws(PKIError) in try leaf.verify(by: namesakes) }
        let words = "has the name of a trusted authority but another key"
        #expect(error == PKIError(.wrongSignature, "is issued by 'CN=right-ca', which \(words)"))
    }

    @Test func `the time of validity is judged at an instant`() throws {
        let leaf = try issue("leaf", validity: .past)
        #expect(leaf.isIssued(by: root))
        let late = error { () throws(PKIError) in try leaf.verify(by: root) }
        #expect(late == PKIError(.expired, "expired at 2001-12-31T23:59:59Z"))
        let early = try issue("early", validity: .future)
        let error = error { () throws(PKIError) in try early.verify(by: root) }
        #expect(error == PKIError(.notYetValid, "is not valid before 2098-01-01T00:00:00Z"))
        let then = early.validFrom
        // At that time the leaf is valid, but the authority no longer.
        let later = self.error { () throws(PKIError) in try early.verify(by: root, at: then) }
        #expect(later?.kind == .expired)
        #expect(later?.message == "depends on 'CN=right-ca', which expired at \(root[0].validUntil)")
    }

    @Test func `what is not an authority cannot issue`() throws {
        _ = try issue("user")
        let forged = try issue("forged", issuer: "user")
        let user = try Certificate.read(pem: try readTestFile(authority.path("user.crt")))
        let error = error { () throws(PKIError) in try forged.verify(by: root, intermediates: user) }
        #expect(error?.kind == .untrusted)
        #expect(error?.message.contains("refused: ") == true)
    }

    @Test func `a self-signed certificate is trusted only if it is known`() throws {
        let issued = try authority.makeSelfSigned("alone", subject: "/CN=alone", names: ["DNS:a"])
        let alone = try Certificate.read(pem: try readTestFile(issued.certificatePath))
        #expect(alone[0].isIssued(by: alone))
        let error = error { () throws(PKIError) in try alone[0].verify(by: root) }
        #expect(error == PKIError(.selfSigned, "is self-signed ('CN=alone') and not one of those trusted"))
    }
}
