import Glibc
import TestSupport
import Testing

/// Renewals that are watched, killed and started twice.
///
/// `NEST_ROUNDS` says how many are killed, 6 if it is not set.
@Suite(.temporaryDirectory, .serialized, .timeLimit(.minutes(15)))
struct CertificateSafetyTests {
    private static let rounds = TestProcess.environment["NEST_ROUNDS"].flatMap { Int($0) } ?? 6

    /// The homelab with keys that are made quickly.
    private func nodes() async throws -> CertificateNodes {
        let nodes = try await CertificateNodes()
        try await nodes.declare("defaults: {key: ecdsa-p256}")
        return nodes
    }

    @Test(.enabled(if: TestProcess.isRoot, "only root can mount"))
    func `no key is written but to pipes, and none is an argument`() async throws {
        let nodes = try await nodes()
        let trace = nodes.path("trace")
        let calls = "trace=write,pwrite64,writev,pwritev,pwritev2,sendto,sendmsg,execve"
        // With a /dev/shm of its own: what other programs keep there says nothing about this one.
        let script = "mount -t tmpfs tmpfs /dev/shm && \"$@\" && ! grep -rlE 'PRIVATE KEY' /dev/shm >&2"
        let arguments =
            ["--mount", "sh", "-euc", script, "sh"]
            + ["strace", "-f", "-y", "-v", "-s", "100000", "-e", calls, "-o", trace, TestNode.program, "certificates"]
        let commands = [
            (["renew"], 39), (["renew", "--all", nodes.identity], 39), (["check", nodes.identity], 39),
            (["rotate-ca", "--step=add"], 1), (["rotate-ca", "--step=issue", "--confirm", nodes.identity], 39),
        ]
        for (command, keyCount) in commands {
            let result = try await Tool.run(
                "unshare",
                arguments + command + ["--config", nodes.config],
                environment: ["JOURNAL_STREAM": nil],
            )
            #expect(result.status == 0, "\(result.errors)")
            let lines = try nodes.text("trace").split(separator: "\n")
            let secret = lines.filter { $0.contains("PRIVATE KEY") }
            // Every key goes to age, and with an identity from it.
            #expect(secret.count >= keyCount, "\(command): \(secret.count)")
            for line in secret { #expect(line.contains(#/write\(\d+<pipe:\[\d+\]>, /#), "\(line.prefix(200))") }
            #expect(lines.contains { $0.contains("execve(") && $0.contains("\"age\"") })
        }
        let names = try await nodes.must("grep", "-rlE", "PRIVATE KEY", "\(nodes.directory)/private")
        #expect(names.contains("/private/operator"))
        let others = try await Tool.run("grep", ["-rlE", "PRIVATE KEY", nodes.path("secrets")])
        #expect(others.output == "", "\(others.output)")
    }

    @Test func `a renewal that is killed at any moment leaves the old set or the new one`() async throws {
        let nodes = try await nodes()
        try await nodes.renew()
        let renewal = ["renew", "--all", nodes.identity]
        let changes = try await nodes.changes(of: renewal)
        var killedCount = 0
        for round in 0..<Self.rounds {
            let before = try nodes.contents()
            let change = try #require(round == 0 ? changes.first : changes.randomElement())
            let result = try await nodes.run(renewal, killedBefore: change)
            // Another thread may make the change this time.
            if result.status == 128 + SIGKILL { killedCount += 1 }
            let after = try nodes.contents()
            #expect(Set(after.keys) == Set(before.keys))
            let unchanged = after.filter { before[$0.key] == $0.value }.map(\.key)
            let isMixed = after != before && !unchanged.allSatisfy { $0.hasPrefix("ca/") }
            #expect(!isMixed, "before \(change): \(unchanged)")
            let check = try await nodes.run("check", nodes.identity)
            #expect(check.status == 0, "before \(change): \(check.output)")
        }
        #expect(killedCount > 0)
        try await nodes.renew("--all")
        #expect(try Files.list(nodes.path("secrets")) == ["certs"])
    }

    @Test(arguments: [("renameat2", false), ("unlinkat", true), ("unlinkat:when=5", true)])
    func `a renewal that is killed before the exchange leaves the old set, and after it the new one`(
        call: String,
        isNew: Bool,
    ) async throws {
        let nodes = try await nodes()
        try await nodes.renew()
        let before = try nodes.contents()
        let result = try await nodes.run(["renew", "--all", nodes.identity], killedBefore: call)
        #expect(result.status == 128 + SIGKILL, "\(result.errors)")
        let after = try nodes.contents()
        #expect((after == before) == !isNew)
        let unchanged = after.filter { before[$0.key] == $0.value }.map(\.key)
        #expect(!isNew || unchanged.sorted() == ["ca/k8s.crt"], "\(unchanged)")
        #expect(try Files.list(nodes.path("secrets")).count == 2)
        let check = try await nodes.run("check", nodes.identity)
        #expect(check.status == 0, "\(check.output)")
        try await nodes.renew("--name", "kubelet", "--all")
        #expect(try Files.list(nodes.path("secrets")) == ["certs"])
    }

    @Test func `two renewals at once follow each other`() async throws {
        let nodes = try await nodes()
        try await nodes.renew()
        let first = try nodes.start(["renew", "--all", nodes.identity])
        let second = try nodes.start(["renew", "--all", nodes.identity])
        var outputs: [String] = []
        for result in [await first.result(), await second.result()] {
            #expect(result.status == 0, "\(result.errors)")
            outputs.append(result.output)
        }
        #expect(outputs.count { $0.hasPrefix("waiting for another renewal of '\(nodes.set)'\n") } == 1, "\(outputs)")
        let check = try await nodes.run("check", nodes.identity)
        #expect(check.status == 0, "\(check.output)")
        #expect(try Files.list(nodes.path("secrets")) == ["certs"])
    }

    @Test func `a password of the operator's key is asked for on the terminal`() async throws {
        let nodes = try await nodes()
        try await nodes.renew()
        try await nodes.must(
            "ssh-keygen",
            "-q",
            "-p",
            "-N",
            "nest secret",
            "-P",
            "",
            "-f",
            nodes.path("private/operator")
        )
        let script = """
            import os, pty, sys
            process, terminal = pty.fork()
            if process == 0:
                os.execvp(sys.argv[1], sys.argv[1:])
            seen = b''
            while True:
                try:
                    part = os.read(terminal, 4096)
                except OSError:
                    break
                if not part:
                    break
                seen += part
                if b'passphrase' in part:
                    os.write(terminal, b'nest secret\\n')
            print(seen.decode())
            sys.exit(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))
            """
        try Files.write(Array(script.utf8), to: nodes.path("answer.py"), mode: 0o644)
        let arguments = ["certificates", "renew", "--all", nodes.identity, "--config", nodes.config]
        let result = try await Tool.run(
            "python3",
            [nodes.path("answer.py"), TestNode.program] + arguments,
            environment: ["JOURNAL_STREAM": nil],
        )
        #expect(result.status == 0, "\(result.output)\(result.errors)")
        #expect(result.output.contains("38 certificates made, 0 kept"), "\(result.output)")
    }
}
