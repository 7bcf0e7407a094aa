import TestSupport
import Testing

/// Command `diff`, and the differences of a dry run.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct DiffTests {
    @Test func `files are compared, and the exit code says whether anything differs`() async throws {
        let node = try TestNode(
            """
            tasks:
              motd: {file: {path: /etc/motd, content: "one\\ntwo\\nthree\\n"}}
              secret: {file: {path: /etc/secret, content: hunter2, mode: "0600"}}
              link: {symlink: {path: /opt/link, target: /usr/bin/true}}
              waits: {after: [motd], wait: {file: /nowhere}}
            """
        )
        let new = await node.call("diff")
        #expect(new.status == 1)
        #expect(new.errors == "")
        for part in [
            "--- /dev/null\n+++ /etc/motd (task 'motd')\n@@ -0,0 +1,3 @@\n+one\n+two\n+three\n",
            "--- /dev/null\n+++ /etc/secret (task 'secret')\n(content not shown: not everyone may read the file)\n",
            "--- /dev/null\n+++ /opt/link (task 'link')\nlink to '/usr/bin/true'\n",
        ] { #expect(new.output.contains(part), "\(new.output)") }
        #expect(new.outputLines.last == "4 tasks: 3 would change, 1 unchanged")
        #expect(try Files.list(node.root) == [])
        #expect(await node.call("run", "--task", "motd", "--task", "secret", "--task", "link").status == 0)
        let same = await node.call("diff")
        #expect(same.status == 0)
        #expect(same.output == "unchanged: motd, secret, link\n4 tasks: 4 unchanged\n")
        try Files.write(Array("one\n2\nthree\n".utf8), to: node.written("/etc/motd"), mode: 0o640)
        let changed = await node.call("diff", "motd")
        #expect(changed.status == 1)
        #expect(
            changed.output == """
                --- /etc/motd
                +++ /etc/motd (task 'motd')
                mode 0640 -> 0644
                (content not shown: not everyone may read the file)
                1 task: 1 would change

                """
        )
        try Files.write(Array("one\n2\nthree\n".utf8), to: node.written("/etc/motd"), mode: 0o644)
        let shown = await node.call("run", "--dry-run", "--task", "motd")
        #expect(shown.outputLines.first == "motd: /etc/motd would be changed")
        #expect(shown.output.contains("\n    -2\n    +two\n"), "\(shown.output)")
        let json = await node.call("diff", "motd", "-o", "json")
        #expect(json.status == 1)
        let diff = try json.events("path").first?["diff"]?.string
        #expect(diff == "@@ -1,3 +1,3 @@\n one\n-2\n+two\n three\n")
        #expect(await node.call("diff", "link").status == 0)
    }

    @Test func `what cannot be compared is an error, whatever else differs`() async throws {
        let node = try TestNode(
            """
            tasks:
              broken: {file: {path: /etc/a, source: /nowhere/a}}
              after: {after: [broken], file: {path: /etc/b, content: x}}
              other: {file: {path: /etc/c, content: x}}
            """
        )
        let all = await node.call("diff")
        #expect(all.status == 2)
        #expect(all.errors.contains("broken: error: \(node.config):2:41: cannot write file '/etc/a'"))
        #expect(all.errors.contains("after: skipped: 'broken' did not succeed\n"))
        #expect(all.outputLines.last == "3 tasks: 1 would change, 1 failed, 1 skipped")
        #expect(await node.call("diff", "other").status == 1)
        let dependent = await node.call("diff", "after")
        #expect(dependent.status == 2)
        #expect(dependent.errors.contains("broken: error: \(node.config):2:41: cannot write file '/etc/a'"))
        #expect(dependent.outputLines.last == "2 tasks: 1 failed, 1 skipped")
        #expect(await node.call("diff", "nothing").status == 64)
    }

    @Test func `the fields of graph and check are those of the document`() async throws {
        let node = try TestNode(
            """
            tasks:
              a: {description: d, after: [x.service], every: 1h, restart: [y.service], exec: {command: ls}}
              b: {after: [a], exec: {command: ls}}
            """
        )
        func fields(_ arguments: String...) async throws -> [String] {
            try await node.call(arguments + ["-o", "json"]).output.json.fieldPaths
        }
        let graph = try DocumentedFields("graph").paths.sorted()
        #expect(try await fields("graph", "--role", "worker") == graph)
        try node.write("tasks: {a: {exce: {command: ls}}}\n", to: "bootstrap.yaml")
        let wrong = await node.call("check", "-o", "json")
        #expect(wrong.status == 78)
        #expect(wrong.errors == "")
        let problem = try wrong.output.json["problems"]?[0]
        #expect(problem?["hint"]?.string == "did you mean 'exec'?")
        #expect(problem?["place"]?["line"]?.integer == 1)
    }
}
