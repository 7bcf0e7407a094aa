import Base
import Host
import TestSupport
import Testing

@testable import Actions

/// Files of another kind in the place of certificates, keys and encrypted files, made by the programs that make them.
@Suite(.temporaryDirectory, .timeLimit(.minutes(30)))
struct WrongCredentialFileTests {
    private let authority: TestAuthority

    /// A file, the command that makes it, and the words with which it is reported.
    private struct Sample {
        let name: String
        let command: String
        let words: String
        /// The words where a certificate is expected, if they are others.
        var wordsOfCertificate: String?
        /// The words where a file encrypted by age is expected, if they are others; `nil` if it is one.
        var wordsOfSource: String?

        init(_ name: String, _ command: String, _ words: String, certificate: String? = nil, source: String? = nil) {
            (self.name, self.command, self.words) = (name, command, words)
            (wordsOfCertificate, wordsOfSource) = (certificate, source)
        }
    }

    private static let samples = [
        Sample("p12", "openssl pkcs12 -export -in a.crt -inkey a.key -passout pass: -out OUT", "in the format PKCS 12"),
        Sample("der", "openssl x509 -in a.crt -outform DER -out OUT", "a certificate in the format DER"),
        Sample("key.der", "openssl pkey -in a.key -outform DER -out OUT", "a private key in the format DER"),
        Sample("sec1.der", "openssl ec -in a.key -outform DER -out OUT", "a private key in the format DER"),
        Sample("csr", "cp a.csr OUT", "a request for a certificate"),
        Sample("csr.der", "openssl req -in a.csr -outform DER -out OUT", "a request for a certificate"),
        Sample("p7b", "openssl crl2pkcs7 -nocrl -certfile a.crt -out OUT", "in the format PKCS 7"),
        Sample("p7c", "openssl crl2pkcs7 -nocrl -certfile a.crt -outform DER -out OUT", "in the format PKCS 7"),
        Sample("pub", "openssl pkey -in a.key -pubout -out OUT", "a public key"),
        Sample("pub.der", "openssl pkey -in a.key -pubout -outform DER -out OUT", "a public key"),
        Sample("enc8", "openssl pkey -in a.key -aes256 -passout pass:x -out OUT", "a private key with a password"),
        Sample(
            "enc1",
            "openssl pkey -in a.key -aes256 -traditional -passout pass:x -out OUT",
            "a private key with a password"
        ),
        Sample("params", "openssl ecparam -name prime256v1 -out OUT", "a curve without a key ('EC PARAMETERS')"),
        Sample(
            "trusted",
            "openssl x509 -in a.crt -trustout -out OUT",
            "a certificate in the form of 'openssl x509 -trustout'"
        ),
        Sample("ssh", "cp id-ecdsa OUT", "a private key of OpenSSH"),
        Sample("ssh.pub", "cp id-ecdsa.pub OUT", "a public key of SSH"),
        Sample("agekey", "age-keygen -o OUT", "a private key of age"),
        Sample("agepub", "age-keygen -y id > OUT", "a public key of age"),
        Sample("vault", "printf '$ANSIBLE_VAULT;1.1;AES256\\n3138\\n' > OUT", "encrypted by Ansible Vault"),
        Sample(
            "sops",
            "printf '{\"data\": \"ENC[AES256_GCM,data:x,type:str]\", \"sops\": {\"mac\": \"x\"}}' > OUT",
            "encrypted by SOPS"
        ),
        Sample(
            "salted",
            "openssl enc -aes-256-cbc -pbkdf2 -pass pass:x -in a.key -out OUT",
            "encrypted by 'openssl enc'"
        ),
        Sample("gz", "gzip -c a.crt > OUT", "compressed by gzip"),
        Sample("utf16", "iconv -f UTF-8 -t UTF-16 a.crt > OUT", "encoded in UTF-16"),
        Sample("html", "printf '<!DOCTYPE html>\\n<html></html>\\n' > OUT", "an HTML page"),
        Sample("jks", "printf '\\376\\355\\376\\355aaaaaaaa' > OUT", "a key store of Java"),
        Sample("binary", "printf 'ab\\0cd' > OUT", "binary data"),
        Sample("base64", "base64 -w0 a.crt > OUT", "the base64 of PEM"),
        Sample("bare", "grep -v -e ----- a.crt > OUT", "PEM without its lines BEGIN and END"),
        Sample(
            "escaped",
            "awk '{printf \"%s\\\\n\", $0}' a.crt > OUT",
            #"PEM with '\n' in place of line ends"#
        ),
        Sample(
            "prefix",
            "sed 's/^-----BEGIN/crt: -----BEGIN/' a.crt > OUT",
            "PEM with other text before '-----BEGIN' in its line"
        ),
        Sample("text", "openssl x509 -in a.crt -noout -text > OUT", "a certificate as text, without PEM"),
        Sample(
            "kubeconfig",
            "printf 'apiVersion: v1\\nkind: Config\\nclusters: []\\n' > OUT",
            "a kubeconfig"
        ),
        Sample("manifest", "printf 'apiVersion: v1\\nkind: Secret\\n' > OUT", "a manifest of Kubernetes"),
        Sample("tasks", "printf 'tasks: {}\\n' > OUT", "a task file of nest-bootstrap"),
        Sample(
            "indented",
            "sed 's/^/  /' a.crt > OUT",
            "a certificate",
            certificate: "has spaces before '-----' in line 1, which programs in Go, such as kubectl, do not read"
        ),
        Sample(
            "cut",
            "grep -v END a.crt > OUT",
            "a certificate",
            certificate: "contains a CERTIFICATE block in line 1 without its END line"
        ),
        Sample(
            "damaged",
            "sed '3s/./!/' a.crt > OUT",
            "a certificate",
            certificate: "contains an invalid CERTIFICATE block in line 1: it is not base64: it has other characters"
        ),
    ]

    init() throws {
        authority = try TestAuthority()
        _ = try authority.issue("a")
        try shell("ssh-keygen -q -t ecdsa -N '' -C '' -f id-ecdsa; age-keygen -o id; chmod 600 *")
        try shell("age -r $(age-keygen -y id) -o age a.key")
        for sample in Self.samples { try shell(sample.command.replacing("OUT", with: sample.name)) }
        try shell("chmod 644 *; chmod 600 a.key ca.key id")
    }

    private func shell(_ command: String) throws {
        try ChildProcess.run(["sh", "-ec", command], in: authority.directory)
    }

    private func problems(_ tasks: String) async throws -> [String] {
        var problems: [String] = []
        try await withBench("tasks:\n  t:\n\(tasks)") { bench in problems = await bench.problems() }
        return problems.map { $0.replacing("\(authority.directory)/", with: "") }
    }

    private func failure(_ tasks: String) async throws -> String {
        var failure = ""
        try await withBench("tasks:\n  t:\n\(tasks)") { bench in failure = try await bench.perform("t") }
        return failure.replacing("\(authority.directory)/", with: "")
    }

    private func kubeconfig(ca: String = "ca.crt", certificate: String = "a.crt", key: String = "a.key") -> String {
        """
            kubeconfig:
              path: /run/n/k
              user: u
              server: https://h.test
              certificateAuthority: \(authority.path(ca))
              certificate: \(authority.path(certificate))
              key: \(authority.path(key))

        """
    }

    private func issuing(certificate: String = "ca.crt", key: String = "ca.key") -> String {
        """
            certificate:
              path: /run/n/c.crt
              key: /run/n/c.key
              leaf: {commonName: a, usages: [client auth]}
              ca:
                certificate: \(authority.path(certificate))
                key: \(authority.path(key))

        """
    }

    private func decryption(source: String = "age", identity: String = "id") -> String {
        """
            decrypt:
              path: /run/n/d
              source: \(authority.path(source))
              identity: \(authority.path(identity))

        """
    }

    @Test func `the right files are accepted`() async throws {
        for tasks in [kubeconfig(), issuing(), decryption()] { #expect(try await problems(tasks) == []) }
    }

    @Test func `every kind of file is named in the place of every certificate and key`() async throws {
        for sample in Self.samples {
            let certificate = "certificate '\(sample.name)' \(sample.wordsOfCertificate ?? "is \(sample.words)")"
            let key = "key '\(sample.name)' is \(sample.words)"
            for (tasks, expected) in [
                (kubeconfig(ca: sample.name), ":7:29: \(certificate); "),
                (kubeconfig(certificate: sample.name), ":8:20: \(certificate); "),
                (kubeconfig(key: sample.name), ":9:12: \(key); "),
                (issuing(certificate: sample.name), ":8:22: \(certificate); "),
                (issuing(key: sample.name), ":9:14: \(key); "),
            ] {
                let found = try await problems(tasks)
                #expect(found.count == 1, "\(found)")
                #expect(found.first?.contains(expected) == true, "\(found), expected \(expected)")
                #expect(found.first?.contains("FILE") == false, "\(found)")
                let failure = try await failure(tasks)
                #expect(failure.contains(expected.dropFirst(":7:29: ".count).drop { $0 == " " }), "\(failure)")
            }
        }
    }

    @Test func `every kind of file is named in the place of an encrypted file, and of the key that decrypts it`()
        async throws
    {
        for sample in Self.samples {
            let source = try await problems(decryption(source: sample.name))
            let words = "cannot decrypt '\(sample.name)': it is \(sample.words), not a file encrypted by age; "
            #expect(source.count == 1 && source.first?.contains(":5:15: \(words)") == true, "\(source)")
            #expect(try await failure(decryption(source: sample.name)).hasPrefix(words))
            // Whether a file is encrypted to a key of age is not known.
            guard sample.name != "agekey" else { continue }
            let identity = try await problems(decryption(identity: sample.name))
            #expect(identity.first?.contains(":6:17: ") == true, "\(sample.name): \(identity)")
            // Private keys are refused for their type or their password.
            let isKey = ["enc8", "enc1", "ssh"].contains(sample.name)
            let isNamed = identity.first?.contains(": identity '\(sample.name)' is ") == true
            #expect(isKey || isNamed && identity.count == 1, "\(identity)")
        }
    }

    @Test func `a file is as good as named after the command of the hint`() async throws {
        let pairs = [
            ("p12", "c"), ("p12", "k"), ("der", "c"), ("key.der", "k"), ("sec1.der", "k"), ("p7b", "c"), ("p7c", "c"),
            ("enc8", "k"), ("enc1", "k"), ("trusted", "c"), ("gz", "c"), ("utf16", "c"), ("base64", "c"), ("bare", "c"),
            ("escaped", "c"), ("indented", "c"),
        ]
        for (name, place) in pairs {
            let found = try await problems(place == "c" ? kubeconfig(certificate: name) : kubeconfig(key: name))
            let hint = try #require(found.first?.split(separator: "; ").last)
            let quote = hint.contains("with '") ? "with '" : "with "
            let rest = try #require(hint.firstRange(of: quote)).upperBound
            var command = String(hint[rest...].prefix(while: { $0 != "," }))
            if quote == "with '" { command.removeLast() }
            let result = command.split(separator: " ").last.map(String.init) ?? ""
            // A person would type the password.
            command += ["enc8", "enc1"].contains(name) ? " -passin pass:x" : name == "p12" ? " -passin pass:" : ""
            try shell(command)
            let after = place == "c" ? kubeconfig(certificate: result) : kubeconfig(key: result)
            #expect(try await problems(after) == [], "\(command)")
        }
    }

    @Test func `a certificate and a key in the place of each other are one problem, whatever their permissions`()
        async throws
    {
        for (certificate, key, words) in [
            ("a.crt", "a.key", "a private key"), ("a.crt", "enc8", "a private key with a password"),
            ("der", "key.der", "a private key in the format DER"),
        ] {
            let tasks = kubeconfig(certificate: key, key: certificate)
            let expected =
                "'certificate' and 'key' of task 't' are exchanged: '\(key)' is \(words), and '\(certificate)' a "
                + "certificate; write certificate: \(certificate) and key: \(key)"
            #expect(try await problems(tasks) == ["DIR/bootstrap.yaml:8:20: \(expected)"])
            #expect(try await failure(tasks) == expected)
        }
        let tasks = issuing(certificate: "ca.key", key: "ca.crt")
        let expected =
            "'ca.certificate' and 'ca.key' of task 't' are exchanged: 'ca.key' is a private key, and 'ca.crt' a "
            + "certificate; write certificate: ca.crt and key: ca.key"
        #expect(try await problems(tasks) == ["DIR/bootstrap.yaml:8:22: \(expected)"])
        #expect(try await failure(tasks) == expected)
    }

    @Test func `a key that age cannot use is named with its type`() async throws {
        for form in ["", "-m PEM", "-m PKCS8"] {
            try shell("rm -f other*; ssh-keygen -q -t ecdsa -N '' -C '' \(form) -f other")
            let expected =
                "identity 'other' is a private key of type ecdsa, which age cannot use; "
                + "name one of type ed25519 or rsa, or one that 'age-keygen' has made"
            #expect(try await problems(decryption(identity: "other")) == ["DIR/bootstrap.yaml:6:17: \(expected)"])
            #expect(try await failure(decryption(identity: "other")) == expected)
        }
        let expected = "identity 'id-ecdsa.pub' is a public key of SSH; name the private key, such as id-ecdsa"
        #expect(try await failure(decryption(identity: "id-ecdsa.pub")) == expected)
    }

    @Test func `a directory in the place of a file is said so`() async throws {
        try shell("mkdir d")
        let copy = "    file: {path: /run/n/f, source: \(authority.path("d"))}\n"
        for (tasks, place, advice) in [
            (copy, "3:36", "write a task for each file in it"),
            (kubeconfig(certificate: "d"), "8:20", "name one file in it"),
            (kubeconfig(key: "d"), "9:12", "name one file in it"),
            (issuing(key: "d"), "9:14", "name one file in it"),
            (decryption(source: "d"), "5:15", "name one file in it"),
            (decryption(identity: "d"), "6:17", "name one file in it"),
        ] {
            let found = try await problems(tasks)
            #expect(found == ["DIR/bootstrap.yaml:\(place): cannot read 'd': is a directory; \(advice)"], "\(found)")
        }
        #expect(try await failure(copy).hasSuffix("cannot read 'd': is a directory; write a task for each file in it"))
    }
}
