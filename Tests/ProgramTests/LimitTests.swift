import Glibc
import TestSupport
import Testing

/// Runs that are stopped.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct InterruptionTests {
    @Test(arguments: [(SIGTERM, 143), (SIGINT, 130)] as [(Int32, Int32)])
    func `a signal during a wait ends the run, and says so`(signal: Int32, code: Int32) async throws {
        let node = try TestNode(
            """
            tasks:
              waits: {timeout: 24h, wait: {file: /nowhere/to/be/found}}
              later: {after: [waits], file: {path: /etc/later, content: never}}
            """
        )
        let tool = try node.start(["run"])
        #expect(try await becomes { tool.outputSoFar().contains("waits: waiting: ") })
        tool.signal(signal)
        let result = await tool.result()
        #expect(result.status == code)
        #expect(result.output.masked.contains("waits: interrupted in SOON\n"))
        #expect(result.output.contains("later: not started (interrupted)\n"))
        #expect(result.outputLines.last == "2 tasks: 2 interrupted")
        #expect(try Files.exists(node.written("/etc")) == false)
        let status = try await node.run("status", "-o", "json")
        #expect(status.status == 3)
        let states = try status.output.json["tasks"]?.sequence?.map { $0["state"]?.string }
        #expect(states == ["interrupted", "not yet"])
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

/// A process that cannot write what a run needs.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct LimitTests {
    /// The directory of the records is full, in the first of two runs.
    @Test(.enabled(if: geteuid() == 0))
    func `a task that cannot be recorded fails, and the next run heals`() async throws {
        let tasks = "tasks: {one: {file: {path: /etc/one, content: x}}, two: {after: [one], exec: {command: ls}}}"
        let node = try TestNode("\(tasks)\n")
        let script = """
            mkdir -p "$0"
            mount -t tmpfs -o size=64k,mode=755 none "$0"
            head -c 100000 /dev/zero >"$0/fill" || true
            for step in full free; do
                code=0
                "$@" || code=$?
                echo "$step: $code"
                rm -f "$0/fill"
            done
            """
        let program = [TestNode.program, "run", "--config", node.config, "--root", node.root]
        let result = try await Tool.run(
            "unshare",
            ["--mount", "sh", "-euc", script, node.written("/run/nest-bootstrap")] + program,
            environment: ["NEST_ROLE": nil, "JOURNAL_STREAM": nil]
        )
        let codes = result.outputLines.filter { $0.hasPrefix("full: ") || $0.hasPrefix("free: ") }
        #expect(codes == ["full: 1", "free: 0"], "\(result.output)\(result.errors)")
        #expect(result.errors.contains("one: error: cannot write the record of the task: "), "\(result.errors)")
        #expect(result.errors.contains("No space left on device"))
        #expect(try Files.text(node.written("/etc/one")) == "x")
    }

    @Test(.enabled(if: geteuid() == 0)) func `a disk that is read-only is reported as that`() async throws {
        let node = try TestNode("tasks: {t: {file: {path: /etc/t, content: t}}}\n")
        try Files.makeDirectories(node.root)
        let script = "mount -t tmpfs -o ro none \"$0\" && exec \"$@\""
        let result = try await Tool.run(
            "unshare",
            ["--mount", "--propagation", "slave", "sh", "-c", script, node.root]
                + [TestNode.program, "run", "--config", node.config, "--root", node.root],
            environment: ["JOURNAL_STREAM": nil],
        )
        #expect(result.status == 1)
        let start = "nest-bootstrap: cannot write the records of the tasks: cannot create directory "
        #expect(result.errors.hasPrefix(start) && result.errors.contains(": Read-only file system"), "\(result.errors)")
    }

    @Test func `temporary files of a killed run are removed by the next`() async throws {
        let node = try TestNode("tasks: {t: {file: {path: /etc/f, content: x}}}\n")
        func temporary() throws -> [String] {
            guard try Files.exists(node.written("/etc")) else { return [] }
            return try Files.list(node.written("/etc")).filter { $0.hasSuffix(".tmp") }
        }
        let run = [TestNode.program, "run", "--config", node.config, "--root", node.root]
        // Killed before each replacement of a file, until it is that of the product.
        var step = 0
        while try temporary().isEmpty {
            step += 1
            try #require(step < 50)
            let kill = ["-f", "-qq", "-o", "/dev/null", "-e", "inject=renameat:signal=KILL:when=\(step)"]
            try #require(try await Tool.run("strace", kill + run).status != 0)
        }
        #expect(try await node.run("run").status == 0)
        #expect(try Files.list(node.written("/etc")) == ["f"])
    }
}
