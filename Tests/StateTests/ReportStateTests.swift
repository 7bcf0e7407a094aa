import Base
import Execution
import Host
import TestSupport
import Testing

@testable import State

/// What is remembered between two reports to the cluster.
@Suite(.temporaryDirectory, .timeLimit(.minutes(5)))
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
        #expect(state.unsent.map(\.count) == [1])
        // The same attempt is not counted again.
        state.note([failed(1, 10)])
        state.note([running])
        #expect(state.unsent.map(\.count) == [1])
        // Two attempts since the last look.
        state.note([failed(3, 30)])
        #expect(state.unsent.map(\.count) == [3])
        #expect(state.unsent.map(\.message) == ["task 'a' failed: attempt 3"])
        #expect(state.unsent.first?.first == time(10))
        #expect(state.unsent.first?.last == time(30))
        // The attempts of another boot or after a run by hand count from 1 again.
        state.note([failed(1, 40)])
        #expect(state.unsent.map(\.count) == [4])
        state.unsent = []
        state.note([succeeded], at: time(50))
        state.note([succeeded], at: time(60))
        #expect(state.failures == [])
        #expect(state.unsent.map(\.isRecovery) == [true])
        #expect(state.unsent.map(\.message) == ["task 'a' has recovered after 4 failures"])
        // The next failure is another one.
        state.unsent = []
        state.note([failed(1, 70)])
        #expect(state.unsent.map(\.count) == [1])
    }

    @Test func `a failure and its recovery are both kept until they can be sent`() {
        var state = ReportState()
        state.note([failed(1, 10)])
        state.note([succeeded], at: time(20))
        state.note([failed(1, 30)])
        #expect(state.unsent.map(\.isRecovery) == [false, true, false])
    }

    @Test func `a program that never started is one failure, and a removed task has not recovered`() {
        var state = ReportState()
        let health = NodeHealth(failed: ["a"])
        let never = TaskStatus(task: "a", state: .notYet)
        state.note([never], health, at: time(5))
        state.note([never], health, at: time(6))
        #expect(state.unsent.map(\.count) == [1])
        let words = "the unit of task 'a' failed: see 'systemctl status k8s-bootstrap-a.service' on the node"
        #expect(state.unsent.map(\.message) == [words])
        #expect(state.unsent.first?.first == time(5))
        state.note([TaskStatus(task: "b", state: .ended(.changed))])
        #expect(state.failures == [])
        #expect(state.unsent.count == 1)
    }

    @Test func `what cannot be sent is limited, and the newest is kept`() {
        var state = ReportState()
        for number in 1...150 {
            state.note([failed(1, Int64(number))])
            state.note([succeeded], at: time(Int64(number)))
        }
        #expect(state.unsent.count == 100)
        #expect(state.unsent.last?.last == time(150))
    }

    @Test func `a unit that fails after a success of its task is a failure, and its recovery is another incident`() {
        var state = ReportState()
        state.note([failed(2, 10)])
        state.note([succeeded], at: time(20))
        state.note([succeeded], NodeHealth(failed: ["a"]), at: time(30))
        // Its record is the one of the success.
        state.note([succeeded], NodeHealth(failed: ["a"]), at: time(40))
        state.note([running], NodeHealth(failed: ["a"]), at: time(45))
        state.note([succeeded], at: time(50))
        #expect(state.unsent.map(\.isRecovery) == [false, true, false, true])
        #expect(state.unsent.last?.message == "task 'a' has recovered after one failure")
    }

    @Test func `the failure of a repetition is one, with its own reason and attempt`() {
        var state = ReportState()
        var status = succeeded
        status.repetition = TaskRepetition(state: .ended(.failed), finishedAt: time(10), reasons: ["gone", "more"])
        status.repetition?.attempt = 3
        state.note([status])
        #expect(state.unsent.map(\.message) == ["the repetition of task 'a' failed: gone"])
        #expect(state.failures.map(\.attempt) == [3])
        status.repetition = TaskRepetition(state: .running, startedAt: time(20))
        state.note([status])
        #expect(state.failing == ["a"])
        status.repetition = TaskRepetition(state: .ended(.changed), finishedAt: time(30))
        state.note([status], at: time(31))
        #expect(state.unsent.map(\.isRecovery) == [false, true])
    }

    @Test func `a problem is printed when it has lasted, and each other kind of cause again`() {
        var known: ReportProblem?
        func attempt(_ kind: ReportProblem.Kind, at seconds: Int64) -> Bool {
            let (problem, isDue) = ReportProblem(kind, "at \(seconds)", since: time(seconds))
                .following(known, gracePeriod: .seconds(60), at: time(seconds))
            known = problem
            return isDue
        }
        // Every boot has that.
        #expect(!attempt(.server, at: 1))
        #expect(!attempt(.kubeconfig, at: 11))
        #expect(!attempt(.server, at: 31))
        #expect(attempt(.server, at: 71))
        #expect(!attempt(.server, at: 151))
        #expect(attempt(.refusal, at: 311))
        #expect(!attempt(.refusal, at: 611))
        #expect(known?.since == time(1))
        #expect(known?.text == "at 611")
    }

    @Test func `the state is read as it was written, on the same boot only`() throws {
        #expect(store.reportState() == ReportState())
        var problem = ReportProblem(.server, "no server", since: time(7))
        problem.printed = .kubeconfig
        var state = ReportState(problem: problem)
        state.note([failed(1, 10)])
        state.note([succeeded, failed(2, 3, task: "b")], at: time(20))
        try store.prepare()
        try store.write(state)
        #expect(store.reportState() == state)
        #expect(RecordStore(path: TemporaryDirectory.file("state"), boot: "other").reportState() == ReportState())
    }

    @Test func `public records have the public reason, also for root`() throws {
        var record = TaskRecord(
            task: "a",
            verb: "exec",
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
