import Glibc
import TestSupport
import Testing

/// Programs whose directory for temporary files is full, in a mount namespace with small file systems.
@Suite(.temporaryDirectory, .enabled(if: geteuid() == 0, "only root can mount"), .timeLimit(.minutes(30)))
struct TemporarySpaceTests {
    /// Runs a script with a `TMPDIR` of 4 MiB, and returns the advice.
    private func advice(_ script: String) async throws -> String? {
        let directory = TemporaryDirectory.file("small")
        let node = try TestNode("tasks: {it: {exec: {script: s.sh, environment: {TMPDIR: \(directory)}}}}")
        try node.write(script, to: "s.sh")
        let result = try await Tool.run(
            "unshare",
            ["--mount", "sh", "-euc", "mkdir -p \"$0\"; mount -t tmpfs -o size=4m none \"$0\"; exec \"$@\"", directory]
                + [TestNode.program, "run", "--config", node.config, "--root", node.root],
            environment: ["NEST_ROLE": nil, "JOURNAL_STREAM": nil],
        )
        #expect(result.status == 1, "\(result.output)\(result.errors)")
        let error = result.errors.split(separator: "\n").first { $0.contains(": error: ") }
        return error?.split(separator: "; ").last.map { String($0).replacing(directory, with: "DIR") }
    }

    @Test func `a full directory is named with or without its path in the output`() async throws {
        let fill = "dd if=/dev/zero of=$TMPDIR/big bs=64k 2>/dev/null"
        let named = try await advice("\(fill) || echo \"$TMPDIR/big: No space left on device\"\nexit 1\n")
        #expect(
            named?.hasPrefix("'DIR', its directory for temporary files, had no space left (now 0 bytes of 4.0 MiB")
                == true
        )
        let full = try await advice("\(fill) || echo 'write error: No space left on device'\nexit 1\n")
        #expect(
            full?.hasPrefix("'DIR', its directory for temporary files, has no space left (now 0 bytes of 4.0 MiB")
                == true
        )
    }
}
