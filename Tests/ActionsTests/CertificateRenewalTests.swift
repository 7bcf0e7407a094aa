import Base
import Glibc
import Host
import TestSupport
import Testing

@testable import Actions

/// Verb `certificate`: what ends soon, who owns the files, and what a dry run cannot know.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct CertificateRenewalTests {
    private let authority: TestAuthority

    init() throws { authority = try TestAuthority() }

    private static let leaf = "commonName: web, usages: [client auth], key: ecdsa-p256"

    /// A task with a CA on the node.
    private func task(_ leaf: String, ca: String = "ca", every: String? = "1h") -> String {
        let authority = "{certificate: \(authority.path("\(ca).crt")), key: \(authority.path("\(ca).key"))}"
        let every = every.map { "every: \($0), " } ?? ""
        let paths = "path: /pki/a.crt, key: /pki/a.key"
        return "tasks: {c: {\(every)certificate: {\(paths), leaf: {\(Self.leaf), \(leaf)}, ca: \(authority)}}}\n"
    }

    @Test func `a CA that ends soon is warned of by check and by the task`() async throws {
        let authority = try authority.issue(
            "short",
            subject: "/CN=short",
            validity: .yearEndingInDays(9),
            isAuthority: true
        )
        let path = authority.certificatePath
        let start = "CA '\(path)' ('CN=short') expires in 9 days (at "
        for leaf in ["validity: 168h, renewBefore: 48h", "validity: 720h, renewBefore: 240h"] {
            try await withBench(task(leaf, ca: "short")) { bench async throws in
                let warnings = await bench.warnings()
                #expect(warnings.count == 1 && warnings[0].contains(start), "\(warnings)")
                #expect(try await bench.perform("c") == "changed")
                let reported = bench.lines.filter { $0.hasPrefix("warning: ") }
                #expect(reported.count == 1 && reported[0].hasPrefix("warning: \(path): \(start)"), "\(reported)")
                #expect(try await bench.perform("c") == "unchanged")
            }
            try FileSystem.removeTree(TemporaryDirectory.file("root"))
        }
    }

    @Test func `check reports a CA that has expired or may not issue`() async throws {
        _ = try authority.issue("past", subject: "/CN=past", validity: .past, isAuthority: true)
        _ = try authority.issue("leaf", subject: "/CN=leaf")
        for (name, words) in [
            ("past", "CA 'DIR/past.crt' ('CN=past') expired "), ("leaf", "'DIR/leaf.crt' is not a CA: "),
        ] {
            try await withBench(task("validity: 2h", ca: name)) { bench async throws in
                let problems = await bench.problems().map { $0.replacing(authority.directory, with: "DIR") }
                #expect(problems.count == 1)
                #expect(problems.first?.contains(words) == true, "\(problems)")
            }
        }
    }

    @Test(.enabled(if: geteuid() == 0)) func `the files may belong to a person`() async throws {
        try await withBench(task("validity: 24h, owner: '1500', group: '1500', mode: '0660'")) { bench async throws in
            #expect(try await bench.perform("c") == "changed")
            let (certificate, key) = ("\(bench.directory)/root/pki/a.crt", "\(bench.directory)/root/pki/a.key")
            #expect(try FileSystem.status(certificate)?.owner == 1500)
            #expect(try FileSystem.status(key)?.owner == 1500)
            #expect(try await bench.perform("c") == "unchanged")
            let known = KnownCertificates(files: bench.run.files, plan: bench.run.plan).all()
            #expect(known.contains { $0.path == "/pki/a.crt" }, "\(known)")
            // What the owner has written is only compared.
            let file = FileContent(Array("x".utf8), path: key, mode: 0o660, owner: 1500, group: 1500)
            try FileSystem.writeTogether([file])
            #expect(try await bench.perform("c") == "changed")
            #expect(try await bench.perform("c") == "unchanged")
        }
    }

    @Test(.enabled(if: geteuid() == 0)) func `nothing is written into the directory of a person`() async throws {
        let directory = TemporaryDirectory.file("root/pki")
        try FileSystem.makeDirectories(directory)
        try #require(unsafe chown(directory, 1500, 1500) == 0)
        try await withBench(task("validity: 24h, owner: '1500', group: '1500'")) { bench async throws in
            let printed = try await bench.perform("c")
            #expect(printed.contains("cannot trust 'DIR/root/pki': a user other than root can change it"), "\(printed)")
            #expect(try FileSystem.list(directory) == [])
        }
    }

    /// What a kubeconfig of one person owns is read by nothing but its task.
    @Test(.enabled(if: geteuid() == 0)) func `a kubeconfig in a file of a person is not followed`() async throws {
        let other = try authority.issue("other", subject: "/CN=other")
        try await withBench(task("validity: 24h, owner: '1500', group: '1500'")) { bench async throws in
            let text = """
                current-context: c
                contexts: [{name: c, context: {cluster: c, user: u}}]
                clusters: [{name: c, cluster: {server: "https://h:6443", certificate-authority: \(other.certificatePath)}}]
                users: [{name: u, user: {token: t}}]
                """
            let path = "\(bench.directory)/root/pki/a.crt"
            let file = FileContent(Array(text.utf8), path: path, mode: 0o644, owner: 1500, group: 1500)
            try FileSystem.writeTogether([file])
            let known = KnownCertificates(files: bench.run.files, plan: bench.run.plan).all()
            #expect(!known.contains { $0.subject == "CN=other" }, "\(known)")
        }
    }

    @Test func `check warns of a certificate that nothing renews in time`() async throws {
        for (every, words) in [
            (nil, "task 'c' has no 'every', so on a node"), ("48h", "task 'c' repeats every 48h, up to 1h later"),
            ("47h", nil),
        ] as [(String?, String?)] {
            try await withBench(task("validity: 168h, renewBefore: 48h", every: every)) { bench async throws in
                let warnings = await bench.warnings()
                #expect(warnings.count == (words == nil ? 0 : 1), "\(warnings)")
                #expect(warnings.allSatisfy { $0.hasPrefix("DIR/bootstrap.yaml:1:9: \(words ?? "")") }, "\(warnings)")
            }
        }
        try await withBench(task("validity: 2h, renewBefore: 1h", every: nil)) { bench async throws in
            #expect(await bench.warnings().first?.hasSuffix("; write every: 30m") == true)
        }
    }

    @Test func `a dry run does not fail for what a signer has not issued yet`() async throws {
        let pair = "certificate: /pki/a.crt, key: /pki/a.key, certificateAuthority: \(authority.certificatePath)"
        let text = """
            tasks:
              c:
                certificate: {path: /pki/a.crt, key: /pki/a.key, leaf: {\(Self.leaf)}, signer: a.b/c, kubeconfig: /none}
              k: {after: [c], kubeconfig: {path: /k, user: u, server: 'https://x', \(pair)}}
              i: {after: [c], kubeconfig: {path: /i, user: u, server: 'https://x', credentials: inline, \(pair)}}
              f: {after: [c], file: {path: /f, source: /pki/a.crt}}

            """
        try await withBench(text, isDryRun: true) { bench async throws in
            #expect(try await bench.perform("c") == "changed")
            #expect(try await bench.perform("k") == "changed")
            #expect(try await bench.perform("i") == "changed")
            #expect(try await bench.perform("f") == "changed")
            #expect(
                bench.lines == [
                    "would issue '/pki/a.crt', which is missing",
                    "would run with '/pki/a.crt', which is not known before task 'c' has run",
                    "would run with '/pki/a.crt', which is not known before task 'c' has run",
                    "would run with '/pki/a.crt', which is not known before task 'c' has run",
                ]
            )
        }
    }

    @Test func `known certificates are found in files, in kubeconfigs, and in files that kubeconfigs name, each once`()
        async throws
    {
        let client = try authority.issue("client", validity: .daysAndAHalf(3))
        let bundle = try authority.makeSelfSigned("other", subject: "/CN=other", names: ["DNS:other"])
        let tasks = """
            cluster: {servers: "https://h:6443", certificateAuthority: \(authority.certificatePath)}
            tasks:
              inline:
                kubeconfig:
                  {path: /etc/k, user: u, certificate: \(client.certificatePath), key: \(client.keyPath), credentials: inline}
              copy: {file: {path: /etc/copy.crt, source: \(bundle.certificatePath)}}
              text: {file: {path: /etc/text, content: x}}
              waits: {wait: {apiServer: k}}
            """
        try await withBench(tasks) { bench in
            let kubeconfig = """
                current-context: c
                contexts: [{name: c, context: {cluster: c, user: u}}]
                clusters: [{name: c, cluster: {server: "https://h:6443", certificate-authority: \(authority.certificatePath)}}]
                users: [{name: u, user: {client-certificate: own.crt, client-key: \(client.keyPath)}}]
                """
            try bench.write(kubeconfig, to: "k", mode: 0o600)
            let own = try readFile(client.certificatePath, limit: 10_000)
            try bench.write(String(decoding: own, as: UTF8.self), to: "own.crt")
            func found() -> [String] {
                KnownCertificates(files: bench.run.files, plan: bench.run.plan).all().map { certificate in
                    let path = certificate.path.replacing(authority.directory, with: "PKI")
                    return "\(path.replacing(bench.directory, with: "DIR")) \(certificate.subject)"
                }
            }
            let (ca, admin) = ("PKI/ca.crt CN=test-ca", "CN=kube-admin,O=system:masters")
            let before = [ca, "PKI/client.crt \(admin)", "PKI/other.crt CN=other", "DIR/own.crt \(admin)"]
            #expect(found() == before)
            #expect(try await bench.perform("inline") == "changed")
            #expect(try await bench.perform("copy") == "changed")
            let made = ["/etc/k CN=test-ca", "/etc/k \(admin)", "/etc/copy.crt CN=other"]
            #expect(Set(found()) == Set(before + made))
            #expect(found().count == before.count + made.count)
            let end = KnownCertificates(files: bench.run.files, plan: bench.run.plan).all().first {
                $0.path == client.certificatePath
            }
            #expect(end?.remainingDays(at: .now()) == 3)
        }
    }

    @Test func `a certificate that a task copies and a kubeconfig names is warned of`() async throws {
        let client = try authority.issue("client", validity: .yearEndingInDays(9))
        let tasks = """
            tasks:
              copy: {file: {path: /etc/copy.crt, source: \(client.certificatePath)}}
              waits: {wait: {apiServer: k}}
            """
        try await withBench(tasks) { bench in
            let kubeconfig = """
                current-context: c
                contexts: [{name: c, context: {cluster: c, user: u}}]
                clusters: [{name: c, cluster: {server: "https://h:6443"}}]
                users: [{name: u, user: {client-certificate: \(client.certificatePath), client-key: \(client.keyPath)}}]
                """
            try bench.write(kubeconfig, to: "k", mode: 0o600)
            let warnings = await bench.warnings()
            #expect(warnings.contains { $0.contains("expires in 9 days") }, "\(warnings)")
        }
    }
}
