import Glibc
import TestSupport
import Testing

/// The states of tasks, while they run and after.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct StatusTests {
    /// A task that runs until a file is there.
    private func endless(_ node: TestNode) throws {
        try node.write(
            // It also ends with the test's directory, should the test not get as far as to write the file.
            "trap '' TERM\necho process $$\necho started\n"
                + "while [ -d '\(node.directory)' ] && [ ! -e '\(node.path("go"))' ]; do sleep 0.05; done\n",
            to: "s.sh"
        )
    }

    private func states(_ node: TestNode) async throws -> [String: String] {
        let rows = try await node.run("status", "--output", "json").output.json["tasks"]?.sequence ?? []
        return Dictionary(rows.map { ($0["task"]?.string ?? "", $0["state"]?.string ?? "") }) { first, _ in first }
    }

    @Test func `a task that runs now is running, and a second run says which process it waits for`() async throws {
        let node = try TestNode("tasks: {long: {exec: {script: s.sh}}, next: {after: [long], exec: {command: ls}}}\n")
        try endless(node)
        let first = try node.start(["run"])
        #expect(try await becomes { first.outputSoFar().contains("long: | started\n") })
        #expect(try await states(node) == ["long": "running", "next": "not yet"])
        #expect(try await node.run("status").status == 3)
        let second = try node.start(["run", "--task", "long"])
        let waits =
            "long: waiting: another run of this task: process \(first.processIdentifier) runs it\n"
        #expect(try await becomes { second.outputSoFar().contains(waits) })
        try node.write("", to: "go")
        #expect(await first.result().status == 0)
        #expect(await second.result().status == 0)
        #expect(try await states(node) == ["long": "changed", "next": "changed"])
    }

    @Test func `a run that got the lock no longer waits for the other run`() async throws {
        let node = try TestNode("tasks: {long: {exec: {script: s.sh}}}\n")
        try endless(node)
        let first = try node.start(["run"])
        #expect(try await becomes { first.outputSoFar().contains("long: | started\n") })
        let second = try node.start(["run", "--task", "long"])
        #expect(try await becomes { second.outputSoFar().contains("another run of this task") })
        first.signal(SIGKILL)
        _ = await first.result()
        #expect(try await becomes { second.outputSoFar().contains("long: | started\n") })
        let row = try await node.run("status", "--output", "json").output.json["tasks"]?[0]
        #expect(row?["state"]?.string == "running")
        #expect(row?["wait"] == nil)
        try node.write("", to: "go")
        #expect(await second.result().status == 0)
    }

    @Test func `a second signal leaves no child behind and loses no record`() async throws {
        let node = try TestNode("tasks: {long: {exec: {script: s.sh}}}\n")
        try endless(node)
        // It has succeeded before, which does not count for a program that was ended.
        try node.write("", to: "go")
        #expect(try await node.run("run").status == 0)
        unsafe unlink(node.path("go"))
        let tool = try node.start(["run"])
        #expect(try await becomes { tool.outputSoFar().contains("long: | started\n") })
        tool.signal(SIGTERM)
        tool.signal(SIGINT)
        tool.signal(SIGTERM)
        let result = await tool.result()
        #expect([130, 143].contains(result.status))
        #expect(result.outputLines.last == "1 task: 1 interrupted")
        let child = result.outputLines.first { $0.hasPrefix("long: | process ") }?.split(separator: " ").last
        #expect(!isAlive(try #require(child.flatMap { Int32($0) })))
        #expect(try await states(node) == ["long": "interrupted"])
    }

    @Test func `a task whose process is killed has not succeeded, even if it had before`() async throws {
        let node = try TestNode("tasks: {long: {exec: {script: s.sh}}, next: {after: [long], exec: {command: ls}}}\n")
        try endless(node)
        try node.write("", to: "go")
        #expect(try await node.run("run").status == 0)
        unsafe unlink(node.path("go"))
        let tool = try node.start(["run", "--task", "long"])
        #expect(try await becomes { tool.outputSoFar().contains("long: | started\n") })
        tool.signal(SIGKILL)
        _ = await tool.result()
        #expect(try await states(node) == ["long": "interrupted", "next": "changed"])
        let next = try await node.run("run", "--task", "next")
        #expect(next.status == 75)
        #expect(next.errors.contains("which was interrupted on this boot"), "\(next.errors)")
        // Its child process ends.
        try node.write("", to: "go")
    }

    @Test func `a task that is interrupted before it changed anything keeps its success`() async throws {
        let node = try TestNode(
            """
            tasks:
              waits: {wait: {file: \(TemporaryDirectory.file("ready"))}}
              next: {after: [waits], symlink: {path: /x, target: /etc}}
              runs: {exec: {script: s.sh}}
            """
        )
        try endless(node)
        try node.write("", to: "go")
        try Files.write([], to: TemporaryDirectory.file("ready"), mode: 0o644)
        #expect(try await node.run("run").status == 0)
        for path in [node.path("go"), TemporaryDirectory.file("ready")] { unsafe unlink(path) }
        let tool = try node.start(["run"])
        #expect(try await becomes { tool.outputSoFar().contains("runs: | started\n") })
        #expect(try await becomes { tool.outputSoFar().contains("waits: waiting: ") })
        try node.write("", to: "go")
        #expect(try await becomes { tool.outputSoFar().contains("runs: changed") })
        tool.signal(SIGINT)
        #expect(await tool.result().status == 130)
        #expect(try await states(node) == ["waits": "unchanged", "next": "changed", "runs": "changed"])
    }
}

/// `status --watch` where standard output is no terminal.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct WatchTests {
    private func node() throws -> TestNode {
        try TestNode(
            """
            tasks:
              ready: {wait: {file: \(TemporaryDirectory.file("ready"))}}
              conf: {after: [ready], file: {path: /etc/a, content: x}}
            """
        )
    }

    @Test func `every change is a line with its time, and Control-C ends it with the state`() async throws {
        let node = try node()
        let watch = try node.start(["status", "--watch"])
        #expect(try await becomes { watch.outputSoFar().contains(" conf: not yet\n") })
        let run = try node.start(["run"])
        #expect(try await becomes { watch.outputSoFar().contains(" ready: running") })
        try Files.write([], to: TemporaryDirectory.file("ready"), mode: 0o644)
        #expect(await run.result().status == 0)
        #expect(try await becomes { watch.outputSoFar().contains(" conf: changed in ") })
        watch.signal(SIGINT)
        let result = await watch.result()
        #expect(result.status == 0)
        // A task that runs for some milliseconds may be seen while it does, and a wait of a second is reported.
        let changes = result.outputLines.map { $0.replacing(/\ in\ .*/, with: "").masked }
        var rest = changes[...]
        for line in ["ready: not yet", "conf: not yet", "ready: running", "ready: unchanged", "conf: changed"] {
            let index = rest.firstIndex { $0.hasPrefix("NOW \(line)") }
            rest = rest[(try #require(index, "\(line): \(changes)") + 1)...]
        }
        #expect(result.errors == "")
    }

    @Test func `what has not succeeded yet is exit code 3, and another signal 143`() async throws {
        for (signal, code) in [(SIGINT, 3), (SIGTERM, 143)] as [(Int32, Int32)] {
            let watch = try node().start(["status", "--watch"])
            #expect(try await becomes { watch.outputSoFar().contains("conf: not yet") })
            watch.signal(signal)
            #expect(await watch.result().status == code)
        }
    }

    @Test func `it ends when nobody reads it any more`() async throws {
        let node = try node()
        let script = "\"$0\" status --watch --config \"$1\" --root \"$2\" | head -n 1; echo \"${PIPESTATUS[0]}\""
        let watch = try Tool(
            "bash",
            ["-c", script, TestNode.program, node.config, node.root],
            environment: ["NEST_ROLE": nil, "JOURNAL_STREAM": nil],
        )
        #expect(try await becomes { watch.outputSoFar().contains(" ready: not yet\n") })
        // What it writes next has no reader.
        try Files.write([], to: TemporaryDirectory.file("ready"), mode: 0o644)
        #expect(try await node.run("run").status == 0)
        let result = await watch.result()
        #expect(["0\n", "3\n"].contains { result.output.hasSuffix("\n\($0)") }, "\(result.output)")
        #expect(result.errors == "")
    }
}
