import Glibc
import TestSupport
import Testing

/// A reader of standard output that stops reading.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct StalledReaderTests {
    /// Prints a megabyte at once, then runs past its deadline.
    private static let tasks = """
        tasks:
          noisy:
            timeout: 3s
            exec:
              command: sh
              args: [-c, 'head -c 1000000 /dev/zero | tr "\\0" x | fold -w 70; sleep 100000']
          other: {exec: {command: sleep, args: ["1"]}}
          timer: {timeout: 3s, wait: {file: /nowhere/at/all}}
          late: {after: [other], file: {path: /etc/late, content: x}}
          endless: {wait: {file: /nowhere/to/be/found}}
        """

    /// Starts a run whose standard output goes to a process that never reads it.
    ///
    /// The pipe is full from the beginning. The shell prints the process of the program to standard error, and at the end
    /// its exit code.
    private func start(_ node: TestNode, _ format: String) throws -> Tool {
        let script = """
            { head -c 65536 /dev/zero; "$0" run --config "$1" --root "$2" --output \(format) & echo $! >&2; wait $!; echo "exit $?" >&2; } \
            | { sleep 100000 & echo "reader $!" >&2; wait; }
            """
        return try Tool(
            "sh",
            ["-c", script, TestNode.program, node.config, node.root],
            environment: ["NEST_ROLE": nil, "JOURNAL_STREAM": nil],
        )
    }

    private func number(after label: String, in text: String) -> Int32? {
        text.split(separator: "\n").lazy.compactMap { line in
            line.hasPrefix(label) ? Int32(line.dropFirst(label.count)) : nil
        }.first
    }

    @Test(arguments: ["text", "json"])
    func `it holds up neither a deadline nor another task nor a signal`(format: String) async throws {
        let directory = TemporaryDirectory.file("\(UInt32.random(in: .min ... .max))")
        try Files.makeDirectories(directory)
        let node = try TestNode(Self.tasks, in: directory)
        let tool = try self.start(node, format)
        let areKnown = try await becomes {
            let lines = tool.errorsSoFar()
            return number(after: "reader ", in: lines) != nil && number(after: "", in: lines) != nil
        }
        #expect(areKnown)
        let program = try #require(number(after: "", in: tool.errorsSoFar()))
        let late = node.written("/etc/late")
        #expect(try await becomes { try Files.exists(late) })
        let record = node.written("/run/nest-bootstrap/tasks/noisy/record.json")
        let timer = node.written("/run/nest-bootstrap/tasks/timer/record.json")
        let areOver = try await becomes {
            try [record, timer].allSatisfy { try Files.text($0).contains("outcome") }
        }
        #expect(areOver)
        kill(program, SIGTERM)
        let hasEnded = try await becomes { tool.errorsSoFar().contains("exit ") }
        #expect(hasEnded)
        for process in [number(after: "reader ", in: tool.errorsSoFar()), program] {
            if let process { kill(process, SIGKILL) }
        }
        let result = await tool.result()
        #expect(result.errors.contains("exit 143\n"))
        #expect(result.errors.contains("nest-bootstrap: cannot write to standard output: it was not read for "))
        let status = try await node.run("status", "--output", "json")
        let rows = try status.output.json["tasks"]?.sequence ?? []
        let states = rows.map { "\($0["task"]?.string ?? "") \($0["state"]?.string ?? "")" }
        #expect(
            states == ["noisy failed", "other changed", "timer failed", "late changed", "endless interrupted"],
            "\(states)"
        )
        #expect(rows.first?["reason"]?.string?.contains("3s") == true)
    }

    @Test func `a run waits only some seconds for it when the tasks have ended, and says so`() async throws {
        let node = try TestNode(
            "tasks: {noisy: {exec: {command: sh, args: [-c, 'head -c 1000000 /dev/zero | tr \"\\0\" x | fold -w 70']}}}\n"
        )
        let tool = try start(node, "text")
        let areKnown = try await becomes {
            let lines = tool.errorsSoFar()
            return number(after: "reader ", in: lines) != nil && number(after: "", in: lines) != nil
        }
        #expect(areKnown)
        let record = node.written("/run/nest-bootstrap/tasks/noisy/record.json")
        #expect(try await becomes { try Files.exists(record) && Files.text(record).contains("outcome") })
        #expect(try await becomes { tool.errorsSoFar().contains("exit ") })
        if let reader = number(after: "reader ", in: tool.errorsSoFar()) { kill(reader, SIGKILL) }
        let result = await tool.result()
        #expect(result.errors.contains("exit 1\n"))
        #expect(result.errors.contains("cannot write to standard output: it was not read for 10 s; "))
    }

    @Test func `a slow reader gets everything, after the run as well`() async throws {
        let node = try TestNode(
            """
            tasks:
              noisy: {exec: {command: sh, args: [-c, 'head -c 250000 /dev/zero | tr "\\0" x | fold -w 70']}}
              late: {after: [noisy], file: {path: /etc/late, content: x}}
            """
        )
        // It begins to read when the last task has run. The output does not fit into a pipe, so a run that waited for its
        // reader would never start that task.
        let script = """
            "$0" run --config "$1" --root "$2" | {
              for attempt in $(seq 6000); do ! test -e "$2/etc/late" || break; sleep 0.1; done
              test -e "$2/etc/late" || echo 'the run waits for its reader' >&2
              cat
            }
            """
        let tool = try Tool(
            "sh",
            ["-c", script, TestNode.program, node.config, node.root],
            environment: ["NEST_ROLE": nil, "JOURNAL_STREAM": nil],
        )
        let result = await tool.result()
        #expect(result.errors == "")
        #expect(result.outputLines.count { $0.hasPrefix("noisy: | ") } >= 250_000 / 70)
        #expect(result.outputLines.last == "2 tasks: 2 changed")
    }
}
