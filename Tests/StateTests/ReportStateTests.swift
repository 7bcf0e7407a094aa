import Base
import Execution
import Host
import TestSupport
import Testing

@testable import State

/// What is remembered between two reports to the cluster.
@Suite(.temporaryDirectory, .timeLimit(.minutes(3)))
struct ReportStateTests {
    private let store = RecordStore(path: TemporaryDirectory.file("state"), boot: "this-boot")

    private func time(_ seconds: Int64) -> Timestamp { Timestamp(seconds: seconds) }

    private func failed(_ attempt: Int, _ seconds: Int64?) -> ReportState.Observation {
        .init("a", .failed(attempt: attempt, at: seconds.map(time), "attempt \(attempt)"))
    }

    @Test func `repeats of a failure raise its count, and a recovery ends it`() {
        var state = ReportState()
        state.note([failed(1, 10)])
        #expect(state.unsent.map(\.count) == [1])
        // The same attempt is not counted again.
        state.note([failed(1, 10)])
        state.note([.init("a", .other)])
        #expect(state.unsent.map(\.count) == [1])
        // Two attempts since the last look.
        state.note([failed(3, 30)])
        #expect(state.unsent.map(\.count) == [3])
        #expect(state.unsent.map(\.message) == ["attempt 3"])
        #expect(state.unsent.first?.first == time(10))
        #expect(state.unsent.first?.last == time(30))
        // The attempts of another boot or after a run by hand count from 1 again.
        state.note([failed(1, 40)])
        #expect(state.unsent.map(\.count) == [4])
        state.unsent = []
        state.note([.init("a", .succeeded)], at: time(50))
        state.note([.init("a", .succeeded)], at: time(60))
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
        state.note([.init("a", .succeeded)], at: time(20))
        state.note([failed(1, 30)])
        #expect(state.unsent.map(\.isRecovery) == [false, true, false])
    }

    @Test func `a program that never started is one failure, and a removed task has not recovered`() {
        var state = ReportState()
        state.note([failed(1, nil)], at: time(5))
        state.note([failed(1, nil)], at: time(6))
        #expect(state.unsent.map(\.count) == [1])
        #expect(state.unsent.first?.first == time(5))
        state.note([.init("b", .succeeded)])
        #expect(state.failures == [])
        #expect(state.unsent.count == 1)
    }

    @Test func `what cannot be sent is limited, and the newest is kept`() {
        var state = ReportState()
        for number in 1...150 {
            state.note([.init("a", .failed(attempt: 1, at: time(Int64(number)), "m"))])
            state.note([.init("a", .succeeded)], at: time(Int64(number)))
        }
        #expect(state.unsent.count == 100)
        #expect(state.unsent.last?.last == time(150))
    }

    @Test func `the state is read as it was written, on the same boot only`() throws {
        #expect(store.reportState() == ReportState())
        var state = ReportState(problem: "no server")
        state.note([failed(1, 10)])
        state.note([.init("a", .succeeded), .init("b", .failed(attempt: 2, at: time(3), "x"))], at: time(20))
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
            reason: "'curl -u secret' failed",
            publicReason: "its program failed",
            run: "r"
        )
        try store.write(record)
        #expect(store.publicRecords.statuses(of: ["a"]).map(\.reason) == ["its program failed"])
        // A repetition too.
        record.outcome = .changed
        try store.write(record)
        record.outcome = .failed
        try store.repetitions.write(record)
        let status = try #require(store.publicRecords.statuses(of: ["a"]).first)
        #expect(status.repetition?.reason == "its program failed")
        #expect(store.statuses(of: ["a"]).first?.repetition?.reason == "'curl -u secret' failed")
        #expect(try store.publicRecords.repetitions.record(of: "a")?.reason == "its program failed")
    }
}
