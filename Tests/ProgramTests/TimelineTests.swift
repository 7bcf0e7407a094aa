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

    private static let note =
        "note: with '--root' only records are read: at most the last two attempts of a task, and no waits"

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

    @Test func `a picture is well-formed XML`() async throws {
        let node = try TestNode(Self.tasks)
        _ = try await node.run("run")
        let svg = try await node.run("timeline", "--format", "svg")
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
