import TestSupport
import Testing

/// Command `reset`: lists that change between two runs, or while it works.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct ResetListTests {
    private func node(_ tasks: String) throws -> TestNode {
        let node = try TestNode("tasks:\n\(tasks)\n")
        for path in ["/etc", "/run", "/var/lib"] { try Files.makeDirectories(node.written(path)) }
        return node
    }

    @Test func `commands that were removed from the task file are not run when the task leaves it`() async throws {
        let tasks = { (reset: String) in "  t: {\(reset)exec: {command: \"true\"}}" }
        let node = try node(tasks("reset: echo undone, "))
        try #require(try await node.run("run").status == 0)
        try node.write("tasks:\n\(tasks(""))\n", to: "bootstrap.yaml")
        try #require(try await node.run("run").status == 0)
        try node.write("tasks: {}\n", to: "bootstrap.yaml")
        let result = try await node.run("reset", "--run-commands", "--yes")
        #expect(result.status == 0 && !result.output.contains("undone"), "\(result.output)\(result.errors)")
    }

    @Test func `commands that a task got after it ran are run`() async throws {
        let node = try node("  t: {exec: {command: \"true\"}}")
        try #require(try await node.run("run").status == 0)
        let task = "t: {reset: echo undone, exec: {command: \"true\"}}"
        try node.write("tasks: {\(task)}\n", to: "bootstrap.yaml")
        let result = try await node.run("reset", "--run-commands", "--yes")
        #expect(result.status == 0 && result.outputLines.contains("t: undone"), "\(result.output)\(result.errors)")
        #expect(try await node.run("reset", "--yes").output == "nothing to reset\n")
    }

    @Test func `what a renamed task makes is there for its commands, and is deleted once`() async throws {
        let content = "two"
        let file = { (task: String, text: String, reset: String) in
            "  \(task): {\(reset)file: {path: /etc/f, content: \(text)}}"
        }
        let node = try node(file("a", "one", ""))
        try #require(try await node.run("run").status == 0)
        let reset = "reset: 'test -e \"$NEST_ROOT/etc/f\"', "
        try node.write("tasks:\n\(file("b", content, reset))\n", to: "bootstrap.yaml")
        try #require(try await node.run("run").status == 0)
        try node.write("tasks:\n\(file("b", content, "reset: exit 3, "))\n", to: "bootstrap.yaml")
        let failed = try await node.run("reset", "--run-commands", "--yes")
        #expect(failed.status == 1)
        #expect(try Files.list(node.written("/etc")) == ["f"], "\(failed.output)\(failed.errors)")
        try node.write("tasks:\n\(file("b", content, reset))\n", to: "bootstrap.yaml")
        for flag in ["--dry-run", "--yes"] {
            let result = try await node.run("reset", "--run-commands", flag)
            #expect(result.status == 0, "\(result.output)\(result.errors)")
            #expect(result.outputLines.filter { $0.contains("/etc/f ") }.count == 1, "\(result.output)")
        }
        #expect(try Files.list(node.written("/etc")) == [])
    }

    @Test func `what a program has made stays, and is no failure`() async throws {
        let node = try node(
            "  ex: {exec: {command: sh, args: [-c, 'touch \"$NEST_ROOT/srv/ex/done\"'], creates: /srv/ex/done}}"
        )
        try #require(try await node.run("run").status == 0)
        let kept = ["ex: /srv/ex not deleted: it is not empty", "ex: /srv not deleted: it is not empty"]
        for argument in ["--dry-run", "--yes", "--yes"] {
            let result = try await node.run("reset", argument)
            #expect(result.status == 0, "\(result.output)\(result.errors)")
            #expect(Set(result.outputLines).isSuperset(of: kept), "\(result.output)")
        }
        #expect(try Files.list(node.written("/srv/ex")) == ["done"])
        try Files.remove(node.written("/srv/ex/done"))
        let result = try await node.run("reset", "--yes")
        #expect(result.status == 0 && result.outputLines.contains("ex: /srv deleted"), "\(result.output)")
        #expect(try await node.run("reset", "--yes").output == "nothing to reset\n")
    }

    @Test(.enabled(if: TestProcess.isRoot, "only root can mount"))
    func `a directory of a program that is a mount point now is a failure, and no call deletes it`() async throws {
        let node = try node(
            "  ex: {exec: {command: sh, args: [-c, 'touch \"$NEST_ROOT/srv/ex/done\"'], creates: /srv/ex/done}}"
        )
        try #require(try await node.run("run").status == 0)
        let directory = node.written("/srv/ex")
        try #require(try await Tool.run("mount", ["-t", "tmpfs", "none", directory]).status == 0)
        let result = try await node.run("reset", "--yes")
        _ = try await Tool.run("umount", [directory])
        #expect(result.status == 1)
        #expect(result.outputLines.contains("ex: /srv/ex not deleted: it is a mount point"), "\(result.output)")
    }

    @Test func `what was never made because of a file in the way is forgotten`() async throws {
        let node = try node("  t: {file: {path: /etc/file/nope, content: x}}")
        try node.write("mine", to: "root/etc/file")
        try #require(try await node.run("run").status == 1)
        let result = try await node.run("reset", "--yes")
        #expect(result.status == 0 && !result.output.contains("nope"), "\(result.output)\(result.errors)")
        #expect(try Files.list(node.written("/etc")) == ["file"])
    }

    @Test(arguments: [
        "exec: {command: \"true\", writes: [/var/lib/made/]}", "file: {path: /var/lib/made/f, content: x}",
    ])
    func `nothing is made that cannot be listed`(verb: String) async throws {
        let node = try node("  t: {\(verb)}")
        try Files.makeDirectories(node.written("/var/lib/nest-bootstrap-products"), mode: 0o700)
        try node.write("{", to: "root/var/lib/nest-bootstrap-products/t.json", mode: 0o600)
        let result = try await node.run("run", "--task", "t")
        #expect(result.status == 1)
        #expect(result.errors.contains("cannot write the list of what task 't' makes: "), "\(result.errors)")
        #expect(result.errors.contains("it is damaged; run 'mv "), "\(result.errors)")
        #expect(try Files.exists(node.written("/var/lib/made")) == false)
    }
}
