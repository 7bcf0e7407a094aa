import Glibc
import TestSupport
import Testing

/// `status --watch` where standard output is no terminal.
@Suite(.temporaryDirectory, .timeLimit(.minutes(30)))
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
        let changes = result.outputLines.map { $0.replacing(/\ in\ .*/, with: "").masked }
        // A task that runs for some milliseconds may be seen while it does, and a wait of a second is reported.
        let kinds = changes.map { $0.hasPrefix("NOW ready: running: waiting: ") ? "NOW ready: running" : $0 }
        var last: String?
        let shown = kinds.filter { kind in
            defer { last = kind }
            return kind != "NOW conf: running" && kind != last
        }
        #expect(
            shown == [
                "NOW ready: not yet", "NOW conf: not yet", "NOW ready: running", "NOW ready: unchanged",
                "NOW conf: changed",
            ]
        )
        #expect(result.errors == "")
    }

    @Test func `every change is a JSON object with the fields of a status`() async throws {
        let node = try node()
        let watch = try node.start(["status", "--watch", "--output", "json", "conf"])
        #expect(try await becomes { watch.outputSoFar().contains("not yet") })
        try Files.write([], to: TemporaryDirectory.file("ready"), mode: 0o644)
        #expect(try await node.run("run").status == 0)
        #expect(try await becomes { watch.outputSoFar().contains("changed") })
        watch.signal(SIGINT)
        let result = await watch.result()
        #expect(result.status == 0)
        let objects = try result.outputLines.map { try $0.json }
        #expect(objects.map { $0["task"]?.string } == objects.map { _ in "conf" })
        #expect(objects.first?["state"]?.string == "not yet")
        #expect(objects.last?["state"]?.string == "changed")
        #expect(objects.last?["finishedAt"]?.string != nil)
        #expect(objects.allSatisfy { $0["time"]?.string?.hasSuffix("Z") == true })
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

    @Test func `an unknown task is wrong usage`() async throws {
        let result = try await node().run("status", "--watch", "cnof")
        #expect(result.status == 64)
        #expect(result.errors.contains("no task is named 'cnof'; did you mean 'conf'?"), "\(result.errors)")
    }
}
