import Glibc
import TestSupport
import Testing

/// Many tasks and many processes at the same time.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct ConcurrencyTests {
    @Test func `any number of tasks may wait while another one works`() async throws {
        let waits = (1...40).map { "  wait\($0): {timeout: 10m, wait: {file: \(TemporaryDirectory.file("ready"))}}\n" }
        let node = try TestNode(
            """
            tasks:
            \(waits.joined())  last: {exec: {command: "true"}}
              ready: {after: [last], exec: {command: touch, args: [\(TemporaryDirectory.file("ready"))]}}

            """
        )
        let result = try await node.run("run", "--output", "json")
        #expect(result.status == 0, "\(result.output)")
        let ended = try result.events("task-finished").map { $0["task"]?.string ?? "" }
        #expect(ended.count == 42)
        #expect(ended.first == "last")
    }

    /// `NEST_ROUNDS` sets the number of runs, 20 if it is not set.
    @Test func `no status is wrong while tiny tasks run`() async throws {
        let rounds = TestProcess.environment["NEST_ROUNDS"].flatMap { Int($0) } ?? 20
        let names = (0..<9).map { "x\($0)" }
        let tasks = names.map { "  \($0): {exec: {command: \"true\"}}\n" }
        let node = try TestNode("tasks:\n\(tasks.joined())  next: {after: [x0], exec: {command: \"true\"}}\n")
        #expect(try await node.run("run").status == 0)
        let race = Race()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for _ in 0..<rounds {
                    let result = try await node.run("run")
                    if result.status != 0 { race.wrong.withLock { $0.append("run: \(result)") } }
                }
                race.isOver.withLock { $0 = true }
            }
            group.addTask {
                while !race.isOver.withLock({ $0 }) {
                    let rows = try await node.run("status", "--output", "json").output.json["tasks"]?.sequence ?? []
                    if rows.count < 2 { race.wrong.withLock { $0.append("status: \(rows.count) tasks") } }
                    for row in rows where !["changed", "running"].contains(row["state"]?.string) {
                        race.wrong.withLock {
                            $0.append("status: \(row["task"]?.string ?? "") \(row["state"]?.string ?? "")")
                        }
                    }
                }
            }
            group.addTask {
                while !race.isOver.withLock({ $0 }) {
                    let result = try await node.run("run", "--task", "next")
                    let isNow = result.status == 75 && result.errors.contains("which is running now")
                    if result.status != 0, !isNow { race.wrong.withLock { $0.append("next: \(result)") } }
                }
            }
            try await group.waitForAll()
        }
        #expect(race.wrong.withLock { $0 } == [])
    }

    @Test(.needsAPIServer) func `nodes that apply the same objects at once create each of them once`() async throws {
        let cluster = try await TestCluster.shared(namespace: "same")
        let objects = (0..<150).map { "{apiVersion: v1, kind: ConfigMap, metadata: {name: c\($0), namespace: same}}" }
        let nodes = try (0..<3).map { number in
            let directory = TemporaryDirectory.file("node\(number)")
            try Files.makeDirectories(directory)
            let task = "tasks: {same: {apply: {kubeconfig: \(cluster.kubeconfig), manifests: [same.yaml]}}}\n"
            let node = try TestNode(task, in: directory)
            try node.write(objects.joined(separator: "\n---\n"), to: "same.yaml")
            return node
        }
        let changes = try await withThrowingTaskGroup(of: [String].self) { group in
            for node in nodes {
                group.addTask {
                    let result = try await node.run("run", "--output", "json")
                    return try result.events("object").map { $0["result"]?.string ?? "" }
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(changes.filter { $0 == "created" }.count == objects.count)
        // A node that asks before another one creates the object, and writes after it, calls it configured.
        #expect(changes.count == 3 * objects.count)
        #expect(Set(changes).isSubset(of: ["created", "configured", "unchanged"]), "\(Set(changes))")
    }

    @Test(.enabled(if: geteuid() == 0)) func `a run whose record does not fit the disk fails`() async throws {
        let node = try TestNode("tasks: {fills: {exec: {script: s.sh}}}\n")
        let run = node.written("/run")
        try Files.makeDirectories(run)
        try #require(try await Tool.run("mount", ["-t", "tmpfs", "-o", "size=128k", "none", run]).status == 0)
        try node.write("#!/bin/sh\ncat /dev/zero > '\(run)/filling' 2>/dev/null || true\n", to: "s.sh")
        let result = try await node.run("run")
        let status = try await node.run("status")
        _ = try await Tool.run("umount", [run])
        #expect(result.status == 1, "\(result)")
        #expect(result.errors.contains("/record.json': No space left on device"), "\(result)")
        #expect(status.output.contains("interrupted"), "\(status)")
    }
}

/// What the sides of a race have in common.
private final class Race: Sendable {
    let isOver = Protected(false)
    let wrong = Protected<[String]>([])
}
