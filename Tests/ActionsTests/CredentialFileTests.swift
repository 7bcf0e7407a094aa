import Base
import Host
import TestSupport
import Testing

@testable import Actions

/// Files of another kind in the place of certificates, keys and encrypted files, made by the programs that make them.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct CredentialFileTests {
    private let authority: TestAuthority

    /// Files, the commands that make them, and the words with which they are reported.
    private static let samples = [
        ("csr", "cp a.csr OUT", "a certificate request"),
        ("pub", "openssl pkey -in a.key -pubout -out OUT", "a public key"),
        ("enc8", "openssl pkey -in a.key -aes256 -passout pass:x -out OUT", "a private key with a password"),
        ("der", "openssl x509 -in a.crt -outform DER -out OUT", "binary data"),
        ("html", "printf '<html>' > OUT", "an HTML page"), ("empty", ": > OUT", "empty"),
    ]

    init() throws {
        authority = try TestAuthority()
        _ = try authority.issue("a")
        try shell("ssh-keygen -q -t ecdsa -N '' -C '' -f id-ecdsa; age-keygen -o id; chmod 600 *")
        try shell("age -r $(age-keygen -y id) -o age a.key")
        for (name, command, _) in Self.samples { try shell(command.replacing("OUT", with: name)) }
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
        for (name, _, words) in Self.samples {
            for (tasks, expected) in [
                (kubeconfig(ca: name), ":7:29: certificate '\(name)' is \(words)"),
                (kubeconfig(certificate: name), ":8:20: certificate '\(name)' is \(words)"),
                (kubeconfig(key: name), ":9:12: key '\(name)' is \(words)"),
                (issuing(key: name), ":9:14: key '\(name)' is \(words)"),
            ] {
                let found = try await problems(tasks)
                #expect(found.count == 1 && found[0].contains(expected), "\(found), expected \(expected)")
            }
        }
    }

    @Test func `a private key is no certificate`() async throws {
        let found = try await problems(kubeconfig(ca: "a.key"))
        #expect(found.count == 1 && found[0].contains(":7:29: certificate 'a.key' is a private key"), "\(found)")
    }

    @Test func `a key that age cannot use is named with its type`() async throws {
        try shell("rm -f other*; ssh-keygen -q -t ecdsa -N '' -C '' -f other")
        let expected = "identity 'other' is a private key of type ecdsa-sha2-nistp256, which age cannot use; "
        let found = try await problems(decryption(identity: "other"))
        #expect(found.count == 1 && found[0].hasPrefix("DIR/bootstrap.yaml:6:17: \(expected)"), "\(found)")
        #expect(try await failure(decryption(identity: "other")).hasPrefix(expected))
    }

    @Test func `the key of another CA cannot issue certificates`() async throws {
        let found = try await problems(issuing(key: "a.key"))
        let words = ": key 'a.key' does not belong to CA 'ca.crt', so it cannot issue certificates; set 'ca.key'"
        #expect(found.count == 1 && found[0].contains(words), "\(found)")
    }

    @Test func `a credential that is too large is refused as by a run`() async throws {
        let large = try authority.write(String(repeating: "#\n", count: 600_000), to: "large")
        let found = try await problems("    wait: {url: 'https://h.test/', certificateAuthority: \(large)}\n")
        #expect(found.count == 1 && found[0].contains("cannot read 'large'"), "\(found)")
    }

    @Test func `the token file of a kubeconfig must be there, unless a task writes it`() async throws {
        let kubeconfig = """
            current-context: c
            contexts: [{name: c, context: {cluster: c, user: u}}]
            clusters: [{name: c, cluster: {server: "https://h:6443"}}]
            users: [{name: u, user: {tokenFile: token}}]
            """
        try await withBench("tasks: {a: {wait: {apiServer: k}}}") { bench in
            try bench.write(kubeconfig, to: "k")
            let missing = await bench.problems()
            #expect(missing.count == 1 && missing[0].contains("cannot read 'DIR/token': No"), "\(missing)")
            try bench.write("a b", to: "token")
            let invalid = await bench.problems()
            #expect(invalid.count == 1 && invalid[0].contains("'DIR/token': it contains no valid token"), "\(invalid)")
            try bench.write("t\n", to: "token")
            #expect(await bench.problems() == [])
            // Beside another problem.
            try bench.write(kubeconfig.replacing("server:", with: "certificate-authority: ca, server:"), to: "k")
            try bench.write("", to: "token")
            let both = await bench.problems()
            #expect(both.count == 2 && both.contains { $0.contains("no valid token") }, "\(both)")
        }
        let tasks = """
            tasks:
              token: {file: {path: /nowhere/token, content: t, owner: root}}
              a: {after: [token], wait: {apiServer: k}}
            """
        try await withBench(tasks) { bench in
            try bench.write(kubeconfig.replacing("tokenFile: token", with: "tokenFile: /nowhere/token"), to: "k")
            #expect(await bench.problems() == [])
        }
    }
}
