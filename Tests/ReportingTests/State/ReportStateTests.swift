import Base
import Host
import Planning
import TestSupport
import Testing

@testable import Reporting

/// What is remembered between two reports to the cluster.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct ReportStateTests {
    private let store = RecordStore(path: TemporaryDirectory.file("state"), boot: "this-boot")

    private func time(_ seconds: Int64) -> Timestamp { Timestamp(seconds: seconds) }

    private func failed(_ attempt: Int, _ seconds: Int64, task: String = "a") -> TaskStatus {
        var status = TaskStatus(task: task, state: .ended(.failed), reasons: ["attempt \(attempt)"])
        status.attempt = attempt
        status.finishedAt = time(seconds)
        return status
    }

    private let succeeded = TaskStatus(task: "a", state: .ended(.changed))
    private let running = TaskStatus(task: "a", state: .running)

    @Test func `repeats of a failure raise its count, and a recovery ends it`() {
        var state = ReportState()
        state.note([failed(1, 10)])
        #expect(state.failures.map(\.count) == [1])
        state.failures[0].isSent = true
        // The same attempt is not counted again.
        state.note([failed(1, 10)])
        state.note([running])
        #expect(state.failures.map(\.count) == [1])
        #expect(state.failures.map(\.isSent) == [true])
        // Two attempts since the last look.
        state.note([failed(3, 30)])
        #expect(state.failures.map(\.count) == [3])
        #expect(state.failures.map(\.isSent) == [false])
        #expect(state.failures.map(\.message) == ["task 'a' failed: attempt 3"])
        #expect(state.failures.first?.first == time(10))
        #expect(state.failures.first?.last == time(30))
        state.note([succeeded], at: time(50))
        state.note([succeeded], at: time(60))
        #expect(state.failing == [])
        #expect(state.failures.map(\.recoveredAt) == [time(50)])
        // The next failure is another one.
        state.note([failed(1, 70)])
        #expect(state.failing == ["a"])
        #expect(state.failures.map(\.count) == [1])
    }

    @Test func `a program that never started is one failure, and a removed task has not recovered`() {
        var state = ReportState()
        let health = NodeHealth(failed: ["a"])
        let never = TaskStatus(task: "a", state: .notYet)
        state.note([never], health, at: time(5))
        state.note([never], health, at: time(6))
        #expect(state.failures.map(\.count) == [1])
        let words = "the unit of task 'a' failed: see 'systemctl status k8s-bootstrap-a.service' on the node"
        #expect(state.failures.map(\.message) == [words])
        #expect(state.failures.first?.first == time(5))
        state.note([TaskStatus(task: "b", state: .ended(.changed))])
        #expect(state.failures == [])
    }

    @Test func `a unit that fails after a success of its task is another failure`() {
        var state = ReportState()
        state.note([failed(2, 10)])
        state.note([succeeded], at: time(20))
        state.note([succeeded], NodeHealth(failed: ["a"]), at: time(30))
        // Its record is the one of the success.
        state.note([succeeded], NodeHealth(failed: ["a"]), at: time(40))
        state.note([running], NodeHealth(failed: ["a"]), at: time(45))
        #expect(state.failures.map(\.first) == [time(30)])
        #expect(state.failures.map(\.count) == [1])
        state.note([succeeded], at: time(50))
        #expect(state.failures.map(\.recoveredAt) == [time(50)])
    }

    @Test func `the failure of a repetition is one, with its own reason and attempt`() {
        var state = ReportState()
        var status = succeeded
        status.repetition = TaskStatus(
            task: "a",
            state: .ended(.failed),
            finishedAt: time(10),
            reasons: ["gone", "more"]
        )
        status.repetition?.attempt = 3
        state.note([status])
        #expect(state.failures.map(\.message) == ["the repetition of task 'a' failed: gone"])
        #expect(state.failures.map(\.count) == [3])
        status.repetition = TaskStatus(task: "a", state: .running, startedAt: time(20))
        state.note([status])
        #expect(state.failing == ["a"])
        status.repetition = TaskStatus(task: "a", state: .ended(.changed), finishedAt: time(30))
        state.note([status], at: time(31))
        #expect(state.failures.map(\.recoveredAt) == [time(31)])
    }

    @Test func `a problem is printed once, when it has lasted`() {
        var state = ReportState()
        func attempt(at seconds: Int64) -> Bool {
            state.noteProblem("at \(seconds)", gracePeriod: .seconds(60), at: time(seconds))
        }
        // Every boot has that.
        #expect(!attempt(at: 1))
        #expect(!attempt(at: 31))
        #expect(attempt(at: 71))
        #expect(!attempt(at: 311))
        #expect(state.problem == .init(text: "at 311", since: time(1), isPrinted: true))
    }

    @Test func `the state is read as it was written, on the same boot only`() throws {
        #expect(store.reportState() == ReportState())
        var state = ReportState()
        _ = state.noteProblem("no server", gracePeriod: .zero, at: time(7))
        state.note([failed(1, 10)])
        state.note([succeeded, failed(2, 3, task: "b")], at: time(20))
        state.failures[0].isSent = true
        try store.prepare()
        try store.write(state)
        #expect(store.reportState() == state)
        #expect(RecordStore(path: TemporaryDirectory.file("state"), boot: "other").reportState() == ReportState())
    }

    @Test func `public records have the public reason, also for root`() throws {
        var record = TaskRecord(
            task: "a",
            outcome: .failed,
            reasons: ["'curl -u secret' failed"],
            publicReasons: ["its program failed"],
            run: "r"
        )
        record.attempt = 4
        try store.write(record)
        #expect(store.statuses(of: ["a"]).first?.attempt == 4)
        #expect(store.publicRecords.statuses(of: ["a"]).map(\.reasons) == [["its program failed"]])
        // A repetition too.
        record.outcome = .changed
        try store.write(record)
        record.outcome = .failed
        try store.repetitions.write(record)
        let status = try #require(store.publicRecords.statuses(of: ["a"]).first)
        #expect(status.repetition?.reasons == ["its program failed"])
        #expect(store.statuses(of: ["a"]).first?.repetition?.reasons == ["'curl -u secret' failed"])
        #expect(try store.publicRecords.repetitions.record(of: "a")?.reasons == ["its program failed"])
    }
}
