import Base
@testable import Host
@testable import Planning
import TestSupport
import Testing

@testable import nest_bootstrap

/// The tasks that `up` starts, compared with records of real runs.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct UpPlanTests {
    /// A node with a task that repeats and copies a file.
    private func node(every: String = "1h") throws -> (node: TestNode, source: String) {
        let source = TemporaryDirectory.file("source")
        try Files.write(Array("one".utf8), to: source)
        let node = try TestNode("")
        try node.write(taskFile(source, every: every), to: "bootstrap.yaml")
        return (node, source)
    }

    private func taskFile(_ source: String, every: String) -> String {
        "tasks: {a: {every: \(every), file: {path: /etc/a, source: \(source)}}}\n"
    }

    private static let unit = "k8s-bootstrap-a.service"

    /// The plan of `up` for a node, on which the units are in a state such as `active`.
    private func plan(_ node: TestNode, _ active: String) throws -> UpPlan {
        let configuration = try Configuration(try options(["status", "--config", node.config, "--root", node.root]))
        let service = ServiceState(unit: UnitState(load: "loaded", active: active, sub: ""))
        return try UpPlan(configuration, try configuration.records(), [Self.unit: service], only: [])
    }

    @Test func `a repetition has used a changed file`() async throws {
        let (node, source) = try node()
        #expect(await node.call("run").status == 0)
        #expect(try plan(node, "active").starts == [])
        try Files.write(Array("two".utf8), to: source)
        #expect(try plan(node, "active").starts == [.init(task: "a", reason: .file(source))])
        #expect(await node.call("run", "--task", "a", "--repetition").status == 0)
        #expect(try plan(node, "active").starts == [])
        try Files.write(Array("three".utf8), to: source)
        #expect(try plan(node, "active").starts == [.init(task: "a", reason: .file(source))])
    }

    @Test func `a repetition that failed has not used a changed file`() async throws {
        let (node, source) = try node()
        #expect(await node.call("run").status == 0)
        try Files.write(Array("two".utf8), to: source)
        try Files.removeTree(node.written("/etc/a"))
        try Files.makeDirectories(node.written("/etc/a/b"))
        #expect(await node.call("run", "--task", "a", "--repetition").status == 1)
        #expect(try plan(node, "active").starts == [.init(task: "a", reason: .file(source))])
    }

    @Test func `a repetition with another declaration leaves the unit as it was`() async throws {
        let (node, source) = try node()
        #expect(await node.call("run").status == 0)
        try node.write(taskFile(source, every: "2h"), to: "bootstrap.yaml")
        #expect(await node.call("run", "--task", "a", "--repetition").status == 0)
        let plan = try plan(node, "active")
        #expect(plan.starts == [.init(task: "a", reason: .declaration)])
        #expect(jobs(plan).contains("restart k8s-bootstrap-a.timer"))
    }

    private func jobs(_ plan: UpPlan) -> [String] { plan.jobs.map { "\($0.change) \($0.unit)" } }

    @Test func `the timer of an active unit is restarted although its task has failed`() async throws {
        let (node, source) = try node()
        try Files.removeTree(source)
        #expect(await node.call("run").status != 0)
        let active = jobs(try plan(node, "active"))
        #expect(active.first == "restart \(Self.unit)")
        #expect(active.dropFirst().first == "restart k8s-bootstrap-a.timer")
        // It is not active without its unit, which starts it.
        let failed = jobs(try plan(node, "failed"))
        #expect(failed.first == "start \(Self.unit)")
        #expect(!failed.contains("restart k8s-bootstrap-a.timer"))
    }

    private func masked(_ masked: Set<String>, underWay: Set<String>, keeping names: Set<String>) -> [String] {
        let all = ["a", "b", "c", "d"]
        let causes = tasksMasked(
            in: [[], [0], [1], []],
            masked: all.map(masked.contains),
            underWay: all.map(underWay.contains)
        )
        return zip(all, causes).reduce(into: Set<Int>()) { if names.contains($1.0) { $0.formUnion($1.1) } }.sorted()
            .map { all[$0] }
    }

    @Test func `a masked unit keeps its task and those after it from succeeding`() {
        #expect(masked(["a"], underWay: ["d"], keeping: ["c"]) == ["a"])
        #expect(masked(["a", "c", "d"], underWay: [], keeping: ["a", "b", "c", "d"]) == ["a", "c", "d"])
        #expect(masked(["a", "d"], underWay: [], keeping: ["c"]) == ["a"])
    }

    @Test func `a masked unit whose task has succeeded or runs keeps nothing`() {
        #expect(masked(["a"], underWay: ["a"], keeping: ["c"]) == [])
        #expect(masked(["a"], underWay: ["b"], keeping: ["c"]) == [])
        #expect(masked([], underWay: [], keeping: ["c"]) == [])
    }

    @Test(
        arguments: [
            ([.changed, .unchanged], nil, .success),
            ([], nil, .success),
            ([.changed, .skipped(because: ["a"])], nil, .failure),
            ([.failed(Plain("no")), .unchanged], nil, .failure),
            ([.interrupted, .failed(Plain("no"))], 2, .interrupted),
            ([.interrupted], 15, .terminated),
            // The signal came when all was done.
            ([.changed], 15, .success),
        ] as [([Outcome], Int32?, ExitCode)]
    )
    func `a report has an exit code`(outcomes: [Outcome], signal: Int32?, expected: ExitCode) {
        let report = Report(entries: outcomes.map { .init(task: "t", outcome: $0, duration: .zero) })
        #expect(ExitCode(report, signal: signal) == expected)
    }
}
