import HTTP
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(15)))
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
            #expect(error?.kind == .wrongContents)
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
    ])
    func `a text without a key is described`(text: String, expected: String) {
        let error = #expect(throws: TLSError.self) { try PrivateKey.read(pem: Array(text.utf8)) }
        #expect(error?.message == expected)
    }

    @Test func `a broken key is refused`() {
        let text = "-----BEGIN PRIVATE KEY-----\nMAAAAAAA\n-----END PRIVATE KEY-----"
        let error = #expect(throws: TLSError.self) { try PrivateKey.read(pem: Array(text.utf8)) }
        #expect(error?.kind == .damaged)
    }
}

@Suite(.timeLimit(.minutes(15)))
struct DigestTests {
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ])
    func `a digest has its known value`(text: String, expected: String) {
        #expect(sha256(Array(text.utf8)) == expected)
    }

    @Test func `incremental updates give the same digest`() {
        let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0) }
        var digest = SHA256()
        for start in stride(from: 0, to: bytes.count, by: 777) {
            digest.update(Array(bytes[start..<min(start + 777, bytes.count)]))
        }
        digest.update([])
        #expect(digest.finish() == sha256(bytes))
    }
}
