import Base
import HTTP
import Host
import TestSupport
import Testing

@testable import Actions

/// Verb `certificate` with a CA on the node, examined by openssl.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct CertificateActionTests {
    private let authority: TestAuthority

    init() throws { authority = try TestAuthority() }

    private func task(_ leaf: String = "", key: String = "ecdsa-p256", ca: String = "ca") -> String {
        let leaf = "{commonName: web, names: [localhost, 127.0.0.1], usages: [server auth], key: \(key)\(leaf)}"
        let authority = "{certificate: \(authority.path("ca.crt")), key: \(authority.path("\(ca).key"))}"
        return "tasks: {c: {certificate: {path: /pki/a.crt, key: /pki/a.key, leaf: \(leaf), ca: \(authority)}}}\n"
    }

    private func certificate(_ bench: Bench) throws -> Certificate {
        let text = try #require(try bench.read("root/pki/a.crt"))
        return try #require(try Certificate.read(pem: Array(text.utf8)).first)
    }

    @Test func `a certificate is issued once, and openssl verifies it`() async throws {
        try await withBench(task()) { bench async throws in
            #expect(try await bench.perform("c") == "changed")
            #expect(bench.lines == ["/pki/a.key created", "/pki/a.crt created"])
            let (leaf, key) = ("\(bench.directory)/root/pki/a.crt", "\(bench.directory)/root/pki/a.key")
            try ChildProcess.run(
                ["openssl", "verify", "-purpose", "sslserver", "-CAfile", authority.certificatePath, leaf]
            )
            let public1 = try await Tool.run("openssl", ["x509", "-in", leaf, "-noout", "-pubkey"]).output
            let public2 = try await Tool.run("openssl", ["pkey", "-in", key, "-pubout"]).output
            #expect(public1 == public2)
            #expect(try FileSystem.status(leaf)?.mode == 0o644)
            #expect(try FileSystem.status(key)?.mode == 0o400)
            #expect(try certificate(bench).names == ["localhost", "127.0.0.1"])
            let before = try bench.read("root/pki/a.crt")
            #expect(try await bench.perform("c") == "unchanged")
            #expect(try bench.read("root/pki/a.crt") == before)
            #expect(try FileSystem.list("\(bench.directory)/root/pki") == ["a.crt", "a.key"])
        }
    }

    @Test func `another one is issued when it differs, or does not belong to its key`() async throws {
        var last: [UInt8] = []
        func expect(new isNew: Bool, _ text: String, _ comment: Comment) async throws {
            try await withBench(text) { bench async throws in
                #expect(try await bench.perform("c") == (isNew ? "changed" : "unchanged"), comment)
                let found = try certificate(bench).der
                #expect((found != last) == isNew, comment)
                last = found
            }
        }
        try await expect(new: true, task(), "nothing is there")
        try await expect(new: true, task(", validity: 2h"), "another validity")
        try await expect(new: false, task(", validity: 2h, renewBefore: 119m"), "not due yet")
        try await expect(new: true, task(", validity: 2h, organization: a"), "another organization")
        try await expect(new: true, task(key: "ecdsa-p384"), "another type of key")
        let text = task()
        try await expect(new: true, text, "the type as before")
        let other = try authority.issue("other", subject: "/CN=other", names: ["DNS:localhost"])
        let root = TemporaryDirectory.file("root")
        try ChildProcess.run(["cp", other.keyPath, "\(root)/pki/a.key"])
        try await expect(new: true, text, "the key of another certificate")
        try FileSystem.remove("\(root)/pki/a.key")
        try await expect(new: true, text, "no key")
        try FileSystem.write(Array("x".utf8), to: "\(root)/pki/a.crt", mode: 0o644)
        try await expect(new: true, text, "no certificate")
    }

    @Test func `another one is issued when it is due`() async throws {
        let start = Timestamp.now().seconds
        let passed = Locked<Int64>(0)
        let text = task(", validity: 6h, renewBefore: 3h")
        try await withBench(text, now: { Timestamp(seconds: start + passed.withLock { $0 }) }) { bench async throws in
            #expect(try await bench.perform("c") == "changed")
            passed.withLock { $0 = 3 * 3600 }
            #expect(try await bench.perform("c") == "unchanged")
            passed.withLock { $0 += 1 }
            #expect(try await bench.perform("c") == "changed")
            #expect(try await bench.perform("c") == "unchanged")
        }
        // One that ends with its CA is not due before that.
        try await withBench(task(", validity: 87600h, renewBefore: 87599h")) { bench async throws in
            #expect(try await bench.perform("c") == "changed")
            #expect(try await bench.perform("c") == "unchanged")
        }
    }

    @Test func `while the CA is replaced, the one whose key is there issues`() async throws {
        // It has the same name and another key.
        let next = try TestAuthority()
        let (old, new) = (try Files.read(authority.certificatePath), try Files.read(next.certificatePath))
        try await withBench(task()) { bench async throws in
            #expect(try await bench.perform("c") == "changed")
            for both in [old + new, new + old] {
                try FileSystem.write(both, to: authority.certificatePath, mode: 0o644)
                #expect(try await bench.perform("c") == "unchanged")
            }
            try FileSystem.write(Files.read(next.path("ca.key")), to: authority.path("ca.key"), mode: 0o600)
            #expect(try await bench.perform("c") == "changed")
            #expect(try certificate(bench).isIssued(by: Certificate.read(pem: new)))
            #expect(try await bench.perform("c") == "unchanged")
            try FileSystem.write(new, to: authority.certificatePath, mode: 0o644)
            #expect(try await bench.perform("c") == "unchanged")
        }
    }

    @Test func `only the permissions change when only they differ`() async throws {
        try await withBench(task()) { bench async throws in #expect(try await bench.perform("c") == "changed") }
        try await withBench(task(", mode: '0440'")) { bench async throws in
            let before = try bench.read("root/pki/a.key")
            #expect(try await bench.perform("c") == "changed")
            #expect(bench.lines == ["/pki/a.key changed", "/pki/a.crt unchanged"])
            #expect(try bench.read("root/pki/a.key") == before)
            #expect(try FileSystem.status("\(bench.directory)/root/pki/a.key")?.mode == 0o440)
        }
    }

    @Test func `a dry run shows what would be issued, and no key`() async throws {
        let pair = "certificate: /pki/a.crt, key: /pki/a.key, certificateAuthority: \(authority.certificatePath)"
        let uses = "  k: {after: [c], kubeconfig: {path: /k, user: u, server: 'https://x', \(pair)}}\n"
        let issued = task().replacing("server auth", with: "client auth")
        let text = issued.replacing("tasks: {c: {", with: "tasks:\n  c: {").replacing("}}}}\n", with: "}}}\n") + uses
        try await withBench(text, isDryRun: true) { bench async throws in
            #expect(try await bench.perform("c") == "changed")
            #expect(bench.lines == ["would issue '/pki/a.crt', which is missing"])
            #expect(try bench.read("root/pki/a.crt") == nil)
            #expect(try await bench.perform("k") == "changed")
        }
        try await withBench(task(", validity: 100h")) { bench async throws in
            #expect(try await bench.perform("c") == "changed")
        }
        try await withBench(task(", validity: 2h"), isDryRun: true) { bench async throws in
            #expect(try await bench.perform("c") == "changed")
            #expect(bench.lines == ["would issue '/pki/a.crt', which is valid for 100h5m instead of 2h"])
        }
    }

    @Test func `what cannot issue is reported, and the present pair stays`() async throws {
        try await withBench(task()) { bench async throws in #expect(try await bench.perform("c") == "changed") }
        let other = try authority.issue("other", subject: "/CN=other")
        try await withBench(task(", validity: 2h", ca: "other")) { bench async throws in
            let before = try bench.read("root/pki/a.key")
            let (ca, key) = (authority.certificatePath, other.keyPath)
            let printed = try await bench.perform("c")
            #expect(printed.hasPrefix("key '\(key)' does not belong to CA '\(ca)', so it cannot issue"), "\(printed)")
            #expect(try bench.read("root/pki/a.key") == before)
        }
        try await withBench(task(", validity: 2h", ca: "none")) { bench async throws in
            let printed = try await bench.perform("c")
            #expect(
                printed.hasPrefix("cannot issue '/pki/a.crt': cannot read '\(authority.path("none.key"))'"),
                "\(printed)"
            )
            let problems = await bench.problems()
            #expect(problems.contains { $0.contains("cannot read '\(authority.path("none.key"))'") }, "\(problems)")
        }
        // One file of the two cannot be replaced.
        try FileSystem.removeTree(TemporaryDirectory.file("root/pki"))
        try FileSystem.makeDirectories(TemporaryDirectory.file("root/pki/a.crt/full"))
        try await withBench(task()) { bench async throws in
            let printed = try await bench.perform("c")
            #expect(printed.hasPrefix("cannot write certificate '/pki/a.crt': "), "\(printed)")
            #expect(try FileSystem.list("\(bench.directory)/root/pki") == ["a.crt"])
        }
    }
}
