import Glibc
import TestSupport
import Testing

/// The program on a terminal.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct LiveViewTests {
    private func start(_ node: TestNode, _ arguments: [String], columns: Int = 80) throws -> TerminalTool {
        let variables: [String: String?] = [
            "TERM": "xterm", "LC_ALL": "C.UTF-8", "NO_COLOR": nil, "NEST_ROLE": nil, "JOURNAL_STREAM": nil,
        ]
        return try TerminalTool(
            TestNode.program,
            arguments + ["--config", node.config, "--root", node.root],
            environment: variables,
            columns: columns
        )
    }

    /// A task that waits for a file, one that has something to do, and one that runs after both.
    private func waitingNode() throws -> TestNode {
        try TestNode(
            """
            tasks:
              conf: {file: {path: /etc/a, content: x}}
              ready: {wait: {file: \(TemporaryDirectory.file("ready"))}}
              last: {after: [ready, conf], exec: {command: sh, args: [-c, "echo hello; exit 3"]}}
            """
        )
    }

    /// Whether the view shows that the file is written, why the second task waits, and that the third waits for it.
    private func showsWait(_ run: TerminalTool) -> Bool {
        let window = run.screen.window
        return window.first?.hasPrefix("conf   changed") == true && window.last?.hasPrefix("last   waiting") == true
            && window.contains { $0.contains(/waiting( [0-9a-z ]+)?: it does not exist \(/) }
    }

    @Test func `a run has a line for every task, and at the end what has changed and failed`() async throws {
        let node = try waitingNode()
        let run = try start(node, ["run"], columns: 120)
        defer { run.signal(SIGKILL) }
        #expect(try await becomes { showsWait(run) }, "\(run.screen.text)")
        let window = run.screen.window
        // The path is long.
        #expect((3...4).contains(window.count), "\(window)")
        #expect(window.first?.hasPrefix("conf   changed      ") == true)
        #expect(window.first?.hasSuffix("  /etc/a created") == true)
        #expect(window.last == "last   waiting               for ready")
        try Files.write([], to: TemporaryDirectory.file("ready"), mode: 0o644)
        #expect(await run.result() == 1)
        // The message is wrapped where the path ends.
        let text = run.screen.text.replacing(/[\d.]+\ m?s\ */, with: "SOON ")
            .replacing(/\n {4}(?!error)/, with: " ").replacing(/\S+\/bootstrap\.yaml/, with: "FILE")
        #expect(
            text.split(separator: "\n") == [
                "last: | hello", "conf   changed      SOON /etc/a created", "last   failed       SOON ",
                "    error: FILE:4:48: sh -c 'echo hello; exit 3' exited with code 3; its last output was: hello",
                "3 tasks: 1 changed, 1 unchanged, 1 failed",
            ],
            "\(run.screen.text)"
        )
    }

    @Test(arguments: [true, false])
    func `the view fits a window that is resized, and nothing of it is left above`(wraps: Bool) async throws {
        let tasks = (1...40).map { "  t\($0): {wait: {file: \(TemporaryDirectory.file("ready"))}}\n" }
        let node = try TestNode("tasks:\n\(tasks.joined())")
        let run = try start(node, ["run"])
        defer { run.signal(SIGKILL) }
        #expect(try await becomes { run.screen.window.last == "19 more running" }, "\(run.screen.window)")
        for (columns, rows) in [(50, 24), (50, 10), (100, 30), (70, 6)] {
            run.resize(columns: columns, rows: rows, wrapsLines: wraps)
            let fits = try await becomes {
                let window = run.screen.window
                let isNew = window.count == rows - 2 && window.last?.hasSuffix("more running") == true
                return isNew && window.allSatisfy { $0.count < columns } && window.count { $0.hasPrefix("t1  ") } == 1
            }
            #expect(fits, "\(columns) x \(rows): \(run.screen.window)")
        }
        try Files.write([], to: TemporaryDirectory.file("ready"), mode: 0o644)
        #expect(await run.result() == 0)
        #expect(run.screen.window.last == "40 tasks: 40 unchanged")
    }

    @Test func `a terminal that is stopped delays no task`() async throws {
        let node = try TestNode(
            """
            tasks:
              noisy: {exec: {command: sh, args: [-c, 'head -c 100000 /dev/zero | tr "\\0" x | fold -w 70; sleep 1']}}
              late: {after: [noisy], file: {path: /etc/late, content: x}}
            """
        )
        let run = try start(node, ["run"])
        defer { run.signal(SIGKILL) }
        // XOFF, as Control-S sends it.
        run.type("\u{13}")
        #expect(try await becomes { try Files.exists(node.written("/etc/late")) })
        run.type("\u{11}")
        #expect(await run.result() == 0)
        #expect(run.screen.window.suffix(1) == ["2 tasks: 2 changed"])
    }
}
