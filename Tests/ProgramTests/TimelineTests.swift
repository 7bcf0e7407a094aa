import TestSupport
import Testing

/// The timeline of runs by hand, which are known from their records.
@Suite(.temporaryDirectory, .timeLimit(.minutes(30)))
struct TimelineTests {
    private static let tasks = """
        tasks:
          first: {exec: {command: sleep, args: ["0.3"]}}
          second: {after: [first], exec: {command: sleep, args: ["0.2"]}}
          other: {description: 'a < b & "c"', exec: {command: "true"}}
          fails: {after: [other], exec: {command: "false"}}
          skipped: {after: [fails], exec: {command: "true"}}

        """

    private static let note = "note: units of systemd are not shown: with '--root' only records are read"

    @Test func `the tasks of a run are shown with their critical path`() async throws {
        let node = try TestNode(Self.tasks)
        #expect(try await node.run("run").status == 1)
        let text = try await node.run("timeline", environment: ["LC_ALL": "C.UTF-8"])
        #expect(text.status == 0, "\(text.errors)")
        let lines = text.outputLines
        #expect(lines.first?.hasPrefix("5 tasks: 3 changed, 1 failed, 1 skipped; the last ended after ") == true)
        #expect(lines.last == Self.note)
        #expect(lines.filter { $0.hasPrefix("* ") }.map { $0.split(separator: " ")[1] } == ["first", "second"])
        #expect(text.output.contains("█") && text.output.contains("✗"))
        let ascii = try await node.run("timeline", environment: ["LC_ALL": "C"])
        #expect(ascii.output.utf8.allSatisfy { $0 < 0x80 })
        #expect(ascii.output.contains("#") && !ascii.output.contains("\\u{"))

        let json = try await node.run("timeline", "--output", "json").output.json
        #expect(json["origin"]?.string == "first task")
        #expect(json["criticalPath"]?.sequence?.compactMap(\.string) == ["first", "second"])
        let rows = json["tasks"]?.sequence ?? []
        let spans = rows.map { row in
            let kinds = (row["spans"]?.sequence ?? []).compactMap { $0["kind"]?.string }
            return "\(row["task"]?.string ?? ""): \(row["state"]?.string ?? ""), \(kinds.joined(separator: " "))"
        }
        #expect(
            spans.sorted() == [
                "fails: failed, dependency work", "first: changed, work", "other: changed, work",
                "second: changed, dependency work", "skipped: skipped, dependency",
            ]
        )
    }

    @Test func `attempts and waits of runs by hand are kept, and status says what a task waits for`() async throws {
        let tasks = """
            tasks:
              waits: {wait: {file: /ready}, timeout: 3s}
              later: {after: [waits], exec: {command: "true"}}

            """
        let node = try TestNode(tasks)
        #expect(try await node.run("run").status == 1)
        try node.write(tasks.replacing("3s", with: "1h"), to: "bootstrap.yaml")
        let run = try node.start(["run"])
        #expect(
            try await becomes {
                let task = try await node.run("status", "-o", "json").output.json["tasks"]?.sequence?.first
                return task?["wait"]?["subject"]?.string == "'/ready'"
            }
        )
        let lines = try await node.run("status").outputLines
        #expect(lines.contains { $0.hasPrefix("    waiting: '/ready'") }, "\(lines)")
        try Files.write([], to: node.written("/ready"), mode: 0o644)
        #expect(await run.result().status == 0)
        let json = try await node.run("timeline", "--output", "json").output.json
        let task = try #require(json["tasks"]?.sequence?.first)
        let kinds = (task["spans"]?.sequence ?? []).compactMap { $0["kind"]?.string }
        #expect(kinds.filter { $0 != "work" } == ["condition", "pause", "condition"])
        #expect(task["attempts"]?.integer == 2)
    }

    @Test func `a picture is well-formed XML`() async throws {
        let node = try TestNode(Self.tasks)
        _ = try await node.run("run")
        let svg = try await node.run("timeline", "--output", "svg")
        #expect(svg.status == 0, "\(svg.errors)")
        let program = """
            import sys, xml.dom.minidom
            root = xml.dom.minidom.parse(sys.stdin.buffer).documentElement
            print(root.tagName, [len(root.getElementsByTagName(name)) for name in ('script', 'image')])
            titles = [title.firstChild.data for title in root.getElementsByTagName('title')]
            tooltips = [text.splitlines()[:2] for text in titles if text.startswith('other')]
            print(titles[0], tooltips)
            """
        let parsed = try await Tool.run("python3", ["-c", program], input: svg.output)
        // With '--root' it has no name of a node: that of this machine is not meant.
        let titles = #"Timeline of the tasks [['other: changed', 'a < b & "c"']]"#
        #expect(parsed.outputLines == ["svg [0, 0]", titles], "\(parsed.errors)")
    }
}
