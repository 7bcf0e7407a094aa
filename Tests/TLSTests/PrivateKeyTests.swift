import TLS
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(5)))
struct PrivateKeyTests {
    private let authority: TestAuthority

    init() throws {
        authority = try TestAuthority()
    }

    private func certificate(_ issued: TestAuthority.Issued) throws -> Certificate {
        try #require(try Certificate.read(pem: try Files.read(issued.certificatePath)).first)
    }

    private func key(_ path: String) throws(TLSError) -> PrivateKey {
        try PrivateKey.read(pem: (try? Files.read(path)) ?? [])
    }

    @Test(arguments: TestAuthority.KeyKind.allCases)
    func `a key belongs to its own certificate only`(kind: TestAuthority.KeyKind) throws {
        let mine = try authority.issue("mine", key: kind)
        let yours = try authority.issue("yours", key: kind)
        let key = try key(mine.keyPath)
        #expect(key.belongs(to: try certificate(mine)))
        #expect(!key.belongs(to: try certificate(yours)))
    }

    @Test(arguments: [TestAuthority.KeyKind.rsa, .ec])
    func `the old encodings are read`(kind: TestAuthority.KeyKind) throws {
        let issued = try authority.issue("it", key: kind)
        try authority.openssl("pkey", "-in", "it.key", "-traditional", "-out", "old.key")
        let text = try Files.text(authority.path("old.key"))
        #expect(text.hasPrefix("-----BEGIN \(kind.rawValue.uppercased()) PRIVATE KEY-----"))
        #expect(try key(authority.path("old.key")).belongs(to: try certificate(issued)))
    }

    @Test func `parameters before the key are ignored`() throws {
        try authority.openssl("ecparam", "-name", "prime256v1", "-genkey", "-out", "parameters.key")
        let text = try Files.text(authority.path("parameters.key"))
        #expect(text.hasPrefix("-----BEGIN EC PARAMETERS-----"))
        _ = try key(authority.path("parameters.key"))
    }

    @Test func `an encrypted key is refused without a prompt`() throws {
        _ = try authority.issue("it", key: .rsa)
        let out = ["-passout", "pass:secret"]
        try authority.openssl("pkey", "-in", "it.key", "-aes256", "-out", "new.key", out[0], out[1])
        try authority.openssl("pkey", "-in", "it.key", "-aes256", "-traditional", "-out", "old.key", out[0], out[1])
        for name in ["new.key", "old.key"] {
            let error = #expect(throws: TLSError.self) { try key(authority.path(name)) }
            #expect(error?.kind == .encryptedKey)
            #expect(error?.message == "contains a key that is encrypted with a password")
        }
    }

    @Test(arguments: [
        ("", "is empty"),
        ("x", "contains no PEM block (no line '-----BEGIN …-----')"),
        (
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
            "contains a certificate, not a private key"
        ),
        (
            "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
            "contains 'PUBLIC KEY', not a private key"
        ),
        (
            "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----",
            "contains a key of an unsupported type: 'OPENSSH PRIVATE KEY'"
        ),
        (
            "-----BEGIN PRIVATE KEY-----\nA\n-----END PRIVATE KEY-----",
            "contains an invalid PRIVATE KEY block in line 1: it is base64 that is cut off"
        ),
    ])
    func `a text without a key is described`(text: String, expected: String) {
        let error = #expect(throws: TLSError.self) { try PrivateKey.read(pem: Array(text.utf8)) }
        #expect(error?.message == expected)
    }

    @Test(arguments: ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"])
    func `a broken key is refused`(label: String) {
        let text = "-----BEGIN \(label)-----\nMAAAAAAA\n-----END \(label)-----"
        let error = #expect(throws: TLSError.self) { try PrivateKey.read(pem: Array(text.utf8)) }
        #expect(error?.kind == .brokenContents)
        #expect(error?.message.hasPrefix("contains an invalid private key: ") == true)
    }
}
