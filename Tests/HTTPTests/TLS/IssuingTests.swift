import Base
import HTTP
import Host
import TestSupport
import Testing

/// Keys and certificates that are made here, examined by the `openssl` program.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct IssuingTests {
    private static let start = Timestamp(seconds: Timestamp.now().seconds - 300)
    private static let year = Timestamp(seconds: Timestamp.now().seconds + 365 * 86_400)

    private static func authority(_ type: KeyType) throws -> (key: PrivateKey, certificate: Certificate) {
        let key = try PrivateKey(generating: type)
        let contents = CertificateContents(
            commonName: "DucksNest Kübernetes CA",
            organizations: ["DucksNest"],
            isAuthority: true,
            validFrom: start,
            validUntil: Timestamp(seconds: start.seconds + 876_000 * 3600),
        )
        return (key, try key.certify(contents))
    }

    private static let serving = CertificateContents(
        commonName: "system:node:worker",
        organizations: ["system:nodes", "a, b + c"],
        names: ["worker", "*.example.org", "127.0.0.1", "fd00::0:1"].compactMap(SubjectName.init),
        usages: [.serverAuth, .clientAuth],
        validFrom: start,
        validUntil: year,
    )

    /// Runs openssl, which must not fail, and returns what it prints.
    private func openssl(_ arguments: String...) async throws -> String {
        let result = try await Tool.run("openssl", arguments)
        try #require(result.status == 0, "\(arguments): \(result.errors)\(result.output)")
        return result.output
    }

    private func write(_ text: String, to name: String) throws -> String {
        let path = TemporaryDirectory.file(name)
        try FileSystem.write(Array(text.utf8), to: path, mode: 0o600)
        return path
    }

    @Test(arguments: KeyType.allCases)
    func `openssl verifies a chain of every type of key`(type: KeyType) async throws {
        let (authorityKey, authority) = try Self.authority(type)
        let key = try PrivateKey(generating: type)
        let certificate = try authorityKey.issue(Self.serving, for: key, by: authority)
        #expect(authority.keyType == type.rawValue)
        #expect(certificate.keyType == type.rawValue)
        #expect(key.belongs(to: certificate))
        #expect(!key.belongs(to: authority))
        #expect(certificate.isIssued(by: [authority]))
        let ca = try write(authority.pem, to: "ca.crt")
        let leaf = try write(certificate.pem, to: "leaf.crt")
        let serial = try await openssl("x509", "-noout", "-serial", "-in", leaf)
        #expect(serial == "serial=\(certificate.serialNumber)\n")
        for purpose in ["sslserver", "sslclient"] {
            #expect(
                try await openssl("verify", "-x509_strict", "-purpose", purpose, "-CAfile", ca, leaf) == "\(leaf): OK\n"
            )
        }
        #expect(try await Tool.run("openssl", ["verify", "-CAfile", leaf, "-partial_chain", ca]).status != 0)
    }

    @Test(arguments: KeyType.allCases)
    func `openssl reads a key of every type, and what it writes is read`(type: KeyType) async throws {
        let key = try PrivateKey(generating: type)
        let certificate = try key.certify(Self.serving)
        let path = try write(String(decoding: key.pem().copy, as: UTF8.self), to: "leaf.key")
        let checked = try await openssl("pkey", "-in", path, "-check", "-noout")
        #expect(checked.hasPrefix("Key is valid"))
        let traditional = type == .ed25519 ? [] : ["-traditional"]
        let written = try await Tool.run("openssl", ["pkey", "-in", path] + traditional)
        let read = try PrivateKey(pem: SecretBytes(copying: Array(written.output.utf8)))
        #expect(read.belongs(to: certificate))
    }

    @Test func `subject, names, usages and identifiers are what openssl prints`() async throws {
        let (authorityKey, authority) = try Self.authority(.p256)
        let key = try PrivateKey(generating: .rsa2048)
        let certificate = try authorityKey.issue(Self.serving, for: key, by: authority)
        #expect(certificate.commonName == "system:node:worker")
        #expect(certificate.organizations == ["system:nodes", "a, b + c"])
        #expect(certificate.names == ["worker", "*.example.org", "127.0.0.1", "fd00::1"])
        #expect(certificate.purposes == ["client auth", "server auth"])
        #expect(!authority.allowsSigning)
        var contents = Self.serving
        contents.usages = [.signing]
        let signing = try key.certify(contents)
        #expect(signing.purposes == [] && signing.allowsSigning)
        #expect(certificate.validFrom == Self.start)
        #expect(certificate.validUntil == Self.year)
        let leaf = try write(certificate.pem, to: "leaf.crt")
        let text = try await openssl("x509", "-in", leaf, "-noout", "-text")
        for part in [
            "Version: 3 (0x2)", "X509v3 Basic Constraints: critical\n                CA:FALSE",
            "X509v3 Key Usage: critical\n                Digital Signature, Key Encipherment\n",
            "TLS Web Client Authentication, TLS Web Server Authentication",
            "DNS:worker, DNS:*.example.org, IP Address:127.0.0.1, IP Address:FD00:0:0:0:0:0:0:1",
        ] {
            #expect(text.contains(part), "\(part) in \(text)")
        }
        let identifier = try await openssl("x509", "-in", leaf, "-noout", "-ext", "authorityKeyIdentifier")
        let ca = try write(authority.pem, to: "ca.crt")
        let own = try await openssl("x509", "-in", ca, "-noout", "-ext", "subjectKeyIdentifier,keyUsage")
        let digits = try #require(identifier.split(separator: "\n").last?.filter { $0 != " " })
        #expect(own.contains(digits), "\(own) \(identifier)")
        #expect(own.contains("X509v3 Key Usage: critical\n    Certificate Sign, CRL Sign\n"), "\(own)")
    }

    @Test(arguments: KeyType.allCases)
    func `openssl verifies a request with a key of every type`(type: KeyType) async throws {
        let key = try PrivateKey(generating: type)
        let request = try key.request(
            commonName: "system:node:worker",
            organizations: ["system:nodes", "a, b + c"],
            names: Self.serving.names
        )
        let path = try write(request, to: "leaf.csr")
        let text = try await openssl("req", "-in", path, "-verify", "-noout", "-text", "-nameopt", "RFC2253")
        for part in [
            "Subject: CN=system:node:worker,O=a\\, b \\+ c,O=system:nodes\n",
            "DNS:worker, DNS:*.example.org, IP Address:127.0.0.1, IP Address:FD00:0:0:0:0:0:0:1\n",
        ] {
            #expect(text.contains(part), "\(part) in \(text)")
        }
    }

    @Test func `serial numbers have twenty bytes, are positive and differ`() throws {
        let (key, authority) = try Self.authority(.p256)
        var serials: Set<String> = []
        for _ in 0..<20 {
            let serial = try key.issue(Self.serving, for: key, by: authority).serialNumber
            #expect(serial.count == 40 && (serial.first?.hexDigitValue ?? 8) < 8, "\(serial)")
            serials.insert(serial)
        }
        #expect(serials.count == 20)
    }

    @Test func `contents that libcrypto refuses are an error`() throws {
        var contents = Self.serving
        contents.commonName = String(repeating: "x", count: 65)
        let key = try PrivateKey(generating: .p256)
        #expect(throws: TLSError.self) { try key.certify(contents) }
    }

    @Test(arguments: ["", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
    func `what is not a key is refused`(text: String) {
        let error = #expect(throws: TLSError.self) { try PrivateKey(pem: SecretBytes(copying: Array(text.utf8))) }
        #expect(error?.kind == .damaged)
    }

    @Test func `a key with a password is refused without a question`() async throws {
        let path = TemporaryDirectory.file("encrypted.key")
        _ = try await openssl("genpkey", "-algorithm", "ED25519", "-aes256", "-pass", "pass:secret", "-out", path)
        let pem = SecretBytes(copying: try Files.read(path))
        #expect(throws: TLSError.self) { try PrivateKey(pem: pem) }
    }
}
