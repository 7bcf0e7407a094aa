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

    @Test func `what is made while a person is asked is listed, and asked about again`() async throws {
        let tasks = ["first", "later"].map { "  \($0): {file: {path: /etc/\($0), content: x}}" }
        let node = try node(tasks.joined(separator: "\n"))
        try #require(try await node.run("run", "--task", "first").status == 0)
        let flags = "--config '\(node.config)' --root '\(node.root)'"
        let shown = TemporaryDirectory.file("shown")
        let script = """
            asked() {
                for _ in $(seq 6000); do
                    [ "$(grep -o 'y/N' '\(shown)' | wc -l)" -lt "$1" ] || return 0
                    sleep 0.1
                done
            }
            : >'\(shown)'
            {
                asked 1
                '\(TestNode.program)' run --task later \(flags) >&2
                echo y
                asked 2
                echo y
            } | script -fqec "'\(TestNode.program)' reset \(flags)" /dev/null >'\(shown)'
            """
        let result = try await Tool.run("sh", ["-c", script])
        let output = try Files.text(shown)
        #expect(result.status == 0, "\(output)\(result.errors)")
        #expect(output.contains("meanwhile this has changed:"), "\(output)")
        #expect(output.contains("later: /etc/later would be deleted"), "\(output)")
        #expect(try Files.list(node.written("/etc")) == [])
        #expect(try Files.list(node.written("/var/lib")) == [])
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

    @Test func `what a program has made stays with a hint, and is no failure`() async throws {
        let node = try node(
            """
              ex: {exec: {command: sh, args: [-c, 'touch "$NEST_ROOT/srv/ex/done"'], creates: /srv/ex/done}}
              flag: {exec: {command: sh, args: [-c, 'touch "$NEST_ROOT/etc/flag"'], creates: /etc/flag}}
            """
        )
        try #require(try await node.run("run").status == 0)
        let made = [
            "ex: /srv/ex not deleted: it is not empty; ", "ex: /srv/ex/done not deleted: ", "flag: /etc/flag not ",
        ]
        for argument in ["--dry-run", "--yes"] {
            let result = try await node.run("reset", argument)
            #expect(result.status == 0, "\(result.output)\(result.errors)")
            for start in made { #expect(result.outputLines.contains { $0.hasPrefix(start) }, "\(result.output)") }
        }
        let again = try await node.run("reset", "--yes")
        #expect(again.status == 0 && again.outputLines.last == "deleted nothing", "\(again.output)")
        try Files.remove(node.written("/srv/ex/done"))
        let result = try await node.run("reset", "--yes")
        #expect(result.status == 0 && result.outputLines.contains("ex: /srv deleted"), "\(result.output)")
        // Now there is neither a list nor a record.
        let left = try await node.run("reset", "--yes").outputLines
        #expect(left.count == 2 && left[0].hasPrefix(made[2]) && left[1] == "deleted nothing", "\(left)")
        try Files.remove(node.written("/etc/flag"))
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
        #expect(!result.output.contains("rm -r"), "\(result.output)")
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
