import Base
import Host
import Planning
import TestSupport
import Testing

@testable import Reporting

/// The attempts of a task with their waits, as they are kept in its record.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct TaskAttemptTests {
    private var store: RecordStore { RecordStore(path: TemporaryDirectory.file("state"), boot: "this-boot") }

    private func wait(_ text: String, _ reason: String? = nil, isComplete: Bool = false) -> Wait {
        Wait(Wait.Subject(.condition, text), reason: reason, isComplete: isComplete)
    }

    /// The waits, each as `0.5-2 subject: reason`.
    private func texts(_ recorder: WaitRecorder) -> [String] {
        recorder.waits.map { wait in
            let times = "\(wait.start / .seconds(1))-\(wait.end.map { "\($0 / .seconds(1))" } ?? "")"
            return "\(times) \(wait.subject.text)" + (wait.reason.map { ": \($0)" } ?? "")
        }
    }

    @Test func `a wait begins a second before it is reported, but not before the last activity`() {
        var recorder = WaitRecorder()
        var areNew = [
            recorder.apply(wait("x"), at: .milliseconds(5500), notBefore: .seconds(5)),
            recorder.apply(wait("z"), at: .seconds(9), notBefore: .milliseconds(5500)),
        ]
        #expect(texts(recorder) == ["5.0-8.0 x", "8.0- z"])
        areNew += [9500, 10_000].map { recorder.apply(nil, at: .milliseconds($0), notBefore: .zero) }
        #expect(areNew == [true, true, true, false])
        #expect(texts(recorder) == ["5.0-8.0 x", "8.0-9.5 z"])
    }

    @Test func `another reason for the same wait does not end it, and the last one remains`() {
        var recorder = WaitRecorder()
        let areNew = [("refused", 5), ("refused", 6), ("no route", 7)].map { reason, time in
            recorder.apply(wait("x", reason), at: .seconds(time), notBefore: .zero)
        }
        #expect(areNew == [true, false, true])
        #expect(texts(recorder) == ["4.0- x: no route"])
        var short = recorder
        _ = short.apply(nil, at: .seconds(8), notBefore: .zero)
        #expect(texts(short) == ["4.0-8.0 x: no route"])
        _ = recorder.apply(nil, at: .seconds(11), notBefore: .zero)
        #expect(texts(recorder) == ["4.0-11.0 x: no route"])
    }

    @Test func `a rollout is one wait, for the object that was ready last`() {
        var recorder = WaitRecorder()
        for (time, object, reason) in [
            (5, "one", "0 of 1; two: 0 of 1"), (12, "two", "0 of 1"), (13, "two", "1 of 1, 1 old"),
        ] {
            let rollout = wait(object, reason, isComplete: true)
            _ = recorder.apply(rollout, at: .seconds(time), notBefore: .seconds(2))
        }
        _ = recorder.apply(nil, at: .seconds(19), notBefore: .zero)
        #expect(texts(recorder) == ["4.0-19.0 two: 1 of 1, 1 old"])
    }

    @Test func `of very many waits the first are kept`() {
        var recorder = WaitRecorder()
        for number in 0..<100 {
            let start = Duration.seconds(2 * number + 1)
            _ = recorder.apply(wait("\(number)"), at: start, notBefore: start - .seconds(1))
        }
        _ = recorder.apply(nil, at: .seconds(2000), notBefore: .zero)
        #expect(recorder.waits.map(\.subject.text) == (0..<WaitRecorder.limit).map { "\($0)" })
    }

    @Test func `the reason is the one that every user may read`() {
        var recorder = WaitRecorder()
        let wait = Wait(
            .init(.object, "o"),
            reason: "the server answered 500: secret",
            publicReason: "the server answered 500"
        )
        _ = recorder.apply(wait, at: .seconds(2), notBefore: .zero)
        #expect(recorder.waits.map(\.reason) == ["the server answered 500"])
        _ = recorder.apply(nil, at: .seconds(9), notBefore: .zero)
        #expect(recorder.waits.map(\.reason) == ["the server answered 500"])
    }

    private func record(_ outcome: Outcome.Kind?, attempt: Int, at time: Int64) -> TaskRecord {
        var record = TaskRecord(
            task: "a",
            outcome: outcome,
            uptimeMilliseconds: time,
            durationMicroseconds: outcome == nil ? 0 : 1_000_000,
            attempt: attempt,
            run: "r",
        )
        record.waits = [TaskWait(subject: Wait.Subject(.server, "s"), reason: "r", start: .milliseconds(time - 500))]
        return record
    }

    @Test func `a record keeps its waits, also the one that every user may read`() throws {
        try store.write(record(nil, attempt: 1, at: 5000))
        let status = try #require(store.statuses(of: ["a"]).first)
        #expect(status.wait == nil, "no process is running it")
        for store in [store, store.publicRecords] {
            #expect(try store.record(of: "a")?.waits == record(nil, attempt: 1, at: 5000).waits)
        }
    }

    @Test func `attempts are kept until the first success`() throws {
        var history = TaskHistory()
        for (number, outcome) in [(1, nil), (2, Outcome.Kind.failed), (3, .changed), (1, .unchanged)] {
            var next = record(outcome, attempt: number, at: Int64(10_000 * number))
            next.history = history
            try store.write(next)
            history = try #require(try store.publicRecords.record(of: "a")).historyForNext
        }
        let attempts = history.attempts
        #expect(attempts.map(\.number) == [1, 2, 3])
        #expect(attempts.map(\.outcome) == [nil, .failed, .changed])
        #expect(attempts.map(\.start) == [.milliseconds(9500), .seconds(19), .seconds(29)])
        #expect(attempts.map(\.end) == [nil, .seconds(20), .seconds(30)])
        #expect(attempts.map(\.waits.first?.reason) == ["r", "r", "r"])
    }

    @Test func `of very many attempts the first and the last are kept`() {
        var history = TaskHistory()
        for number in 1...30 {
            var next = record(.failed, attempt: number, at: Int64(1000 * number))
            next.history = history
            history = next.historyForNext
        }
        #expect(history.attempts.map(\.number) == [1] + Array(12...30))
    }

    @Test func `a task that did not start has made no attempt`() {
        #expect(record(.skipped, attempt: 0, at: 5000).ownAttempt == nil)
        #expect(record(.interrupted, attempt: 0, at: 5000).ownAttempt == nil)
        #expect(record(.interrupted, attempt: 1, at: 5000).ownAttempt?.end == .seconds(5))
    }
}
