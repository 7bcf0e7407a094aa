import Glibc
import TestSupport
import Testing

/// Runs that are stopped.
@Suite(.temporaryDirectory, .timeLimit(.minutes(30)))
struct InterruptionTests {
    @Test(arguments: [(SIGTERM, 143), (SIGINT, 130)] as [(Int32, Int32)])
    func `a signal during a wait ends the run at once, and says so`(signal: Int32, code: Int32) async throws {
        // On a busy machine this may need several attempts.
        #expect(try await becomes { try await timeToStop(signal, code: code) < .seconds(5) })
    }

    /// How long a run takes to end after a signal.
    private func timeToStop(_ signal: Int32, code: Int32) async throws -> Duration {
        let directory = TemporaryDirectory.file("\(UInt32.random(in: .min ... .max))")
        try Files.makeDirectories(directory)
        let node = try TestNode(
            """
            tasks:
              waits: {timeout: 24h, wait: {file: /nowhere/to/be/found}}
              later: {after: [waits], file: {path: /etc/later, content: never}}
            """,
            in: directory
        )
        let tool = try node.start(["run"])
        #expect(try await becomes { tool.outputSoFar().contains("waits: waiting: ") })
        let start = ContinuousClock.now
        tool.signal(signal)
        let result = await tool.result()
        let time = start.duration(to: .now)
        #expect(result.status == code)
        #expect(result.output.masked.contains("waits: interrupted in SOON\n"))
        #expect(result.output.contains("later: not started (interrupted)\n"))
        #expect(result.outputLines.last == "2 tasks: 2 interrupted")
        let record = try Files.text(node.written("/run/nest-bootstrap/tasks/waits/record.json")).json
        #expect(record["outcome"]?.string == "interrupted")
        #expect(try Files.exists(node.written("/etc")) == false)
        let status = try await node.run("status", "-o", "json")
        #expect(status.status == 3)
        let states = try status.output.json["tasks"]?.sequence?.map { $0["state"]?.string }
        #expect(states == ["interrupted", "not yet"])
        return time
    }

    @Test func `a child process is ended with the agent`() async throws {
        let node = try TestNode("tasks: {sleeps: {exec: {script: s.sh}}}\n")
        try node.write("#!/bin/sh\nsleep 100000 &\necho $!\nwait\n", to: "s.sh", mode: 0o755)
        let tool = try node.start(["run"])
        #expect(try await becomes { tool.outputSoFar().contains("sleeps: | ") })
        let line = tool.outputSoFar().split(separator: "\n").first { $0.hasPrefix("sleeps: | ") } ?? ""
        let child = try #require(line.split(separator: " ").last.flatMap { Int32($0) })
        #expect(isAlive(child))
        tool.signal(SIGTERM)
        let result = await tool.result()
        #expect(result.status == 143)
        #expect(try await becomes { !isAlive(child) })
    }
}

/// Whether a process exists and is not a zombie.
func isAlive(_ process: Int32) -> Bool {
    guard let bytes = try? Files.read("/proc/\(process)/stat") else { return false }
    return !String(decoding: bytes, as: UTF8.self).contains(") Z ")
}
