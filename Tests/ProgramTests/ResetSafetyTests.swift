import Glibc
import TestSupport
import Testing

/// Command `reset`: lines that fail, processes that end in the middle.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct ResetSafetyTests {
    private func node(_ tasks: String) throws -> TestNode {
        let node = try TestNode("tasks:\n\(tasks)\n")
        for path in ["/etc", "/run", "/var/lib"] { try Files.makeDirectories(node.written(path)) }
        return node
    }

    @Test func `without --yes nothing is deleted`() async throws {
        let node = try node("  t: {file: {path: /etc/f, content: x}}")
        try #require(try await node.run("run").status == 0)
        let result = try await node.run("reset")
        #expect(result.status == 64)
        #expect(result.errorLines.count == 1 && result.errors.contains("pass '--yes'"), "\(result.errors)")
        #expect(try await node.run("reset", "extra", "--yes").status == 64)
        #expect(try Files.exists(node.written("/etc/f")))
    }

    // MARK: Commands

    private static let chain = """
          first: {reset: echo first >>"$NEST_ROOT/etc/order", file: {path: /etc/first, content: x}}
          second:
            after: [first]
            reset: |
              echo second >>"$NEST_ROOT/etc/order"
              test -e "$NEST_ROOT/etc/second"
              false
              echo never >>"$NEST_ROOT/etc/order"
            file: {path: /etc/second, content: x}
          third: {after: [second], reset: echo third >>"$NEST_ROOT/etc/order", exec: {command: "true"}}
        """

    @Test func `commands run dependants first; if they fail, nothing of their task is deleted`()
        async throws
    {
        let node = try node(Self.chain)
        try #require(try await node.run("run").status == 0)
        let order = node.written("/etc/order")
        let result = try await node.run("reset", "--run-commands", "--yes")
        #expect(result.status == 1)
        #expect(result.errors.contains("the reset commands of task 'second' failed (exited with code 1)"))
        #expect(try Files.text(order) == "third\nsecond\nfirst\n")
        #expect(try Files.list(node.written("/etc")) == ["order", "second"])

        try node.write("tasks:\n\(Self.chain.replacing("false\n", with: "true\n"))\n", to: "bootstrap.yaml")
        #expect(try await node.run("reset", "--run-commands", "--yes").status == 0)
        #expect(try Files.text(order) == "third\nsecond\nfirst\nsecond\nnever\n")
        #expect(try Files.list(node.written("/etc")) == ["order"])
        #expect(try await node.run("reset", "--yes").output == "nothing to reset\n")
    }

    @Test func `commands are run with --root only if that is wanted`() async throws {
        let victim = TemporaryDirectory.file("victim")
        let node = try node("  t: {reset: touch \(victim), file: {path: /etc/f, content: x}}")
        try #require(try await node.run("run").status == 0)
        for flag in ["--dry-run", "--yes"] {
            let result = try await node.run("reset", flag)
            #expect(result.status == 1 && !result.output.contains("commands"), "\(result.output)")
            #expect(result.errors.contains("pass '--run-commands'"), "\(result.errors)")
            #expect(try Files.exists(node.written("/etc/f")) && !Files.exists(victim))
        }
    }

    @Test func `commands are not run again if a reset is killed after them`() async throws {
        let node = try node("  t: {reset: 'echo x >>\"$NEST_ROOT/etc/count\"', file: {path: /etc/f, content: x}}")
        try #require(try await node.run("run").status == 0)
        // Ends the process as soon as it deletes the file.
        let kill = ["-f", "-qq", "-o", "/dev/null", "-e", "inject=unlinkat:signal=KILL", TestNode.program]
        let arguments = kill + ["reset", "--run-commands", "--yes", "--config", node.config, "--root", node.root]
        #expect(try await Tool.run("strace", arguments).status != 0)
        #expect(try Files.text(node.written("/etc/count")) == "x\n")
        #expect(try await node.run("reset", "--run-commands", "--yes").status == 0)
        #expect(try Files.list(node.written("/etc")) == ["count"])
        #expect(try Files.text(node.written("/etc/count")) == "x\n")
    }

    @Test func `commands that take too long are ended`() async throws {
        let node = try node("  t: {timeout: 1s, reset: sleep 100000, file: {path: /etc/f, content: x}}")
        try #require(try await node.run("run").status == 0)
        let result = try await node.run("reset", "--run-commands", "--yes")
        #expect(result.status == 1)
        #expect(result.errors.contains("(did not end within 1s)"), "\(result.errors)")
        #expect(try Files.exists(node.written("/etc/f")))
    }

    @Test func `commands are listed before their task runs, also if it fails`() async throws {
        let node = try node("  t: {reset: echo undone, exec: {command: \"false\"}}")
        #expect(try await node.run("run", "--dry-run").status == 0)
        #expect(try await node.run("reset", "--dry-run").output == "nothing to reset\n")
        #expect(try await node.run("run").status == 1)
        let result = try await node.run("reset", "--run-commands", "--yes")
        #expect(result.status == 0)
        #expect(result.outputLines.contains("t: undone"), "\(result.output)")
    }

    // MARK: Other processes

    @Test func `a task that is running is not reset`() async throws {
        let node = try node("  t: {reset: \"true\", exec: {command: sleep, args: [\"100000\"]}}")
        let tool = try node.start(["run"])
        #expect(try await becomes { try await node.run("status").output.contains("running") })
        let result = try await node.run("reset", "--yes")
        #expect(result.status == 1)
        let text = "nest-bootstrap: task 't' is being run, or reset, by process \(tool.processIdentifier); "
        #expect(result.errorLines == ["\(text)wait until it has ended, or stop it"])
        tool.signal(SIGTERM)
        _ = await tool.result()
        #expect(try await node.run("reset", "--run-commands", "--yes").status == 0)
    }

    @Test func `a reset that is interrupted is finished by the next`() async throws {
        let node = try node(
            """
              later:
                reset: "echo waits; test -e \(TemporaryDirectory.file("go")) || exec sleep 100000"
                file: {path: /etc/later, content: x}
              first: {after: [later], file: {path: /etc/first, content: x}}
            """
        )
        try #require(try await node.run("run").status == 0)
        let tool = try node.start(["reset", "--run-commands", "--yes"])
        #expect(try await becomes { tool.outputSoFar().contains("later: waits") })
        tool.signal(SIGINT)
        let interrupted = await tool.result()
        #expect(interrupted.status == 130)
        let call = "nest-bootstrap reset --yes --run-commands --config \(node.config) --root \(node.root)"
        #expect(interrupted.errors.contains("interrupted; run '\(call)' again\n"), "\(interrupted.errors)")
        #expect(try Files.list(node.written("/etc")) == ["later"])
        try Files.write([], to: TemporaryDirectory.file("go"), mode: 0o600)
        let result = try await node.run("reset", "--run-commands", "--yes")
        #expect(result.status == 0, "\(result.output)\(result.errors)")
        #expect(try Files.list(node.written("/etc")) == [])
    }

    @Test(arguments: [("run", "mkdirat"), ("run", "renameat"), ("reset", "unlinkat")])
    func `a run and a reset that are killed at any step leave nothing behind`(
        command: String,
        call: String,
    ) async throws {
        let tasks = (1...5).map { number in
            "  t\(number): {file: {path: /etc/d\(number % 2)/e/f\(number), content: \"\(number)\", mode: \"0600\"}}"
        }
        let node = try node(tasks.joined(separator: "\n"))
        let before = try await ResetNode.tree(node)
        let program = [TestNode.program, command] + (command == "reset" ? ["--yes"] : [])
        let flags = ["--config", node.config, "--root", node.root]
        var step = 1
        while true {
            if command == "reset" { try #require(try await node.run("run").status == 0) }
            let kill = ["-f", "-qq", "-o", "/dev/null", "-e", "inject=\(call):signal=KILL:when=\(step)"]
            let isKilled = try await Tool.run("strace", kill + program + flags).status != 0
            let result = try await node.run("reset", "--yes")
            #expect(result.status == 0, "\(result.output)\(result.errors)")
            let left = Set(try await ResetNode.tree(node)).symmetricDifference(before)
            #expect(left.isEmpty, "step \(step)")
            // A thread that does as many steps no longer exists.
            guard isKilled, step < 200 else { break }
            step += 1
        }
        #expect(3..<200 ~= step)
    }

    @Test(arguments: [
        "/run/nest-bootstrap/tasks/t", "/var/lib/nest-bootstrap/cache", "/var/lib/nest-bootstrap-products",
    ])
    func `what a reset has left that was killed before its last step is removed`(path: String) async throws {
        let node = try node("  t: {file: {path: /etc/f, content: x}}")
        let before = try await ResetNode.tree(node)
        try Files.makeDirectories(node.written(path), mode: 0o700)
        #expect(try await node.run("reset", "--yes").status == 0)
        #expect(try await ResetNode.tree(node) == before)
    }

    @Test func `a damaged list is reported, and nothing of it is deleted`() async throws {
        let node = try node(
            "  bad: {file: {path: /etc/bad, content: x}}\n  good: {file: {path: /etc/good, content: x}}"
        )
        try #require(try await node.run("run").status == 0)
        try node.write("{", to: "root/var/lib/nest-bootstrap-products/bad.json", mode: 0o600)
        let result = try await node.run("reset", "--yes")
        #expect(result.status == 1)
        #expect(result.errors.contains("nest-bootstrap-products/bad.json': it is damaged"), "\(result.errors)")
        #expect(try Files.list(node.written("/etc")) == ["bad"])
    }
}
