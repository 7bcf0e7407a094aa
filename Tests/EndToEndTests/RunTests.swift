import TestSupport
import Testing

/// Runs as programs see them: many objects, JSON lines, two runs at once.
@Suite(.temporaryDirectory, .timeLimit(.minutes(30)))
struct RunTests {
    @Test func `every line of JSON has its time, its run and its event`() async throws {
        let node = try TestNode(
            """
            tasks:
              says: {exec: {command: echo, args: ["hello\\u001b[31m"]}}
              fails: {exec: {command: "false"}}
              skipped: {after: [fails], file: {path: /etc/never, content: x}}
              writes: {after: [says], file: {path: /etc/written, content: x}}
            """
        )
        let result = try await node.run("run", "--output", "json")
        #expect(result.status == 1)
        #expect(result.errors == "")
        let events = try result.events()
        #expect(events.allSatisfy { $0["time"]?.string != nil && $0["run"]?.string == events[0]["run"]?.string })
        #expect(events.first?["event"]?.string == "run-started")
        #expect(events.last?["event"]?.string == "run-finished")
        let numbers = ["tasks", "changed", "failed", "skipped"].map { events.last?[$0]?.integer }
        #expect(numbers == [4, 2, 1, 1])
        #expect(try result.events("output").first?["message"]?.string == "hello\u{1b}[31m")
        #expect(try result.events("error").first?["message"]?.string == "'false' exited with code 1 and wrote nothing")
        let finished = try result.events("task-finished")
        #expect(finished.first { $0["task"]?.string == "skipped" }?["because"]?.string == "fails")
        #expect(try result.events("path").first?["path"]?.string == "/etc/written")
    }

    @Test func `two runs of one task take turns`() async throws {
        let node = try TestNode("tasks: {turns: {exec: {script: s.sh}}}\n")
        try node.write(
            "echo started; while [ ! -e '\(node.path("go"))' ]; do sleep 0.05; done\n",
            to: "s.sh",
        )
        let first = try node.start(["run"])
        #expect(try await becomes { first.outputSoFar().contains("turns: | started\n") })
        let second = try node.start(["run", "--output", "json"])
        #expect(try await becomes { second.outputSoFar().contains(#""event":"waiting""#) })
        #expect(!second.outputSoFar().contains(#""event":"output""#))
        try node.write("", to: "go")
        #expect(await first.result().status == 0)
        let result = await second.result()
        #expect(result.status == 0)
        let wait = try #require(try result.events("waiting").first)
        #expect(
            ["kind", "subject", "reason"].map { wait[$0]?.string }
                == ["lock", "another run of this task", "process \(first.processIdentifier) runs it"]
        )
    }

    @Test func `a waiting run names the run that holds the lock now`() async throws {
        let node = try TestNode("tasks: {turns: {exec: {script: s.sh}}}\n")
        let go = node.path("go")
        // Each run removes the file when it ends.
        try node.write("echo started; while ! rm '\(go)' 2>/dev/null; do sleep 0.05; done\n", to: "s.sh")
        func start() throws -> Tool { try node.start(["run", "--output", "json"]) }
        let first = try start()
        #expect(try await becomes { first.outputSoFar().contains("started") })
        // The lock is given in the order in which it was asked for.
        let second = try start()
        #expect(try await becomes { second.outputSoFar().contains(#""event":"waiting""#) })
        let third = try start()
        #expect(try await becomes { third.outputSoFar().contains(#""event":"waiting""#) })
        try node.write("", to: "go")
        #expect(await first.result().status == 0)
        #expect(try await becomes { third.outputSoFar().contains("process \(second.processIdentifier) runs it") })
        try node.write("", to: "go")
        #expect(await second.result().status == 0)
        try node.write("", to: "go")
        let result = await third.result()
        #expect(result.status == 0)
        let reasons = try result.events("waiting").map { $0["reason"]?.string }
        #expect(reasons == [first, second].map { "process \($0.processIdentifier) runs it" })
    }

    @Test(.needsAPIServer) func `hundreds of documents and megabytes are applied from one file`() async throws {
        let cluster = try await TestCluster.shared(namespace: "many")
        let node = try TestNode("tasks: {many: {apply: {kubeconfig: \(cluster.kubeconfig), manifests: [many.yaml]}}}\n")
        let filling = String(repeating: "0123456789 abcdefghijklmnopqrstuvwxyz\n    ", count: 200)
        let documents = (1...300).map { number in
            """
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: m\(number), namespace: many}
            data:
              number: "\(number)"
              text: |
                \(filling)
            """
        }
        try node.write(documents.joined(separator: "\n---\n"), to: "many.yaml")
        let first = try await node.run("run")
        #expect(first.status == 0, "\(first.errors)")
        #expect(first.output.masked.contains("many: changed in SOON (300 created)\n"))
        let second = try await node.run("run")
        #expect(second.output.masked.contains("many: unchanged in SOON (300 unchanged)\n"))
        print("\(first.outputLines.suffix(2)) \(second.outputLines)")
    }
}
