import Base
import Host
import Planning
import TestSupport
import Testing

@testable import Reporting

/// The records of repetitions, and what attempts leave to later ones.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct RepetitionTests {
    private let store = RecordStore(path: TemporaryDirectory.file("state"), boot: "this-boot")

    private func record(_ outcome: Outcome.Kind?, reasons: [String] = []) -> TaskRecord {
        TaskRecord(
            task: "rbac",
            outcome: outcome,
            time: Timestamp(seconds: 1_700_000_000),
            uptimeMilliseconds: 5000,
            reasons: reasons,
            run: "run",
        )
    }

    @Test func `a task that has succeeded stays so while it repeats, and when a repetition fails`() throws {
        let now = Timestamp(seconds: 1_700_000_060)
        try store.write(record(.unchanged))
        #expect(store.statuses(of: ["rbac"]).map(\.repetition) == [nil])
        let lock = try store.lock("rbac")
        try store.repetitions.write(record(nil))
        var status = store.statuses(of: ["rbac"], now: now)[0]
        #expect(status.state == .ended(.unchanged))
        #expect(status.repetition?.state == .running)
        #expect(try store.hasSucceeded("rbac"))
        lock?.release()
        #expect(store.statuses(of: ["rbac"])[0].repetition?.state == .ended(.interrupted))
        try store.repetitions.write(record(.failed, reasons: ["why"]))
        status = store.statuses(of: ["rbac"], now: now)[0]
        #expect(status.state == .ended(.unchanged))
        #expect(status.repetition?.hasFailed == true)
        #expect(status.repetition?.reasons == ["why"])
        #expect(status.repetition?.age == .seconds(60))
        #expect(try store.hasSucceeded("rbac"))
        // A run of the task itself replaces the repetition.
        try store.write(record(.changed))
        #expect(store.statuses(of: ["rbac"]).map(\.repetition) == [nil])
        #expect(try store.repetitions.record(of: "rbac") == nil)
    }

    @Test(arguments: [nil, Outcome.Kind.failed])
    func `without a success, a repetition is the task's attempt`(before: Outcome.Kind?) throws {
        if let before { try store.write(record(before)) }
        for outcome in [nil, Outcome.Kind.changed] { try store.repetitions.write(record(outcome)) }
        #expect(try store.record(of: "rbac")?.outcome == .changed)
        #expect(try store.repetitions.record(of: "rbac") == nil)
        try store.repetitions.write(record(.failed))
        #expect(try store.hasSucceeded("rbac"))
        #expect(try store.repetitions.record(of: "rbac")?.outcome == .failed)
    }

    @Test func `what attempts leave to later ones is kept with them`() throws {
        var written = record(.failed, reasons: ["MARKER"])
        written.publicReasons = ["public"]
        written.history = TaskHistory(lastSuccess: Timestamp(seconds: 5), restart: .failed)
        try store.write(written)
        let read = try #require(try store.record(of: "rbac"))
        #expect(read.history == TaskHistory(lastSuccess: Timestamp(seconds: 5), restart: .failed))
        #expect(read.reasons == ["MARKER"])
        #expect(read.lastSuccess == Timestamp(seconds: 5))
        let bytes = try readFile(TemporaryDirectory.file("state/tasks/rbac/public.json"), limit: 10_000)
        #expect(stateValue(TaskRecord.self, from: bytes)?.reasons == ["public"])
        var history = read.history
        history.noteChange()
        #expect(history.restart == .failed)
        history.restart = nil
        history.noteChange()
        #expect(history.restart == .due)
        var next = record(.changed).historyForNext
        #expect(next.attempts == [record(.changed).ownAttempt])
        next.attempts = []
        #expect(next == TaskHistory(lastSuccess: Timestamp(seconds: 1_700_000_000), lastEnd: record(.changed).lastEnd))
        #expect(next.lastEnd?.outcome == .changed)
        // The end of a run is kept while the next one goes on.
        var running = record(nil)
        running.history = read.historyForNext
        try store.write(running)
        let end = try #require(try store.record(of: "rbac")?.lastEnd)
        #expect(end == read.lastEnd)
    }

    @Test func `the holder of a Lease is shown while the task runs, and not afterwards`() throws {
        var started = TaskRecord(task: "t", outcome: nil, run: "run")
        let since = Timestamp(seconds: 1_700_000_000)
        started.lease = LeaseHolder(lease: "kube-system/l", identity: "w1_1", since: since, isSelf: false)
        try store.write(started)
        #expect(try store.record(of: "t")?.lease == started.lease)
        #expect(store.statuses(of: ["t"])[0].lease == nil)
        guard let lock = try store.lock("t") else {
            Issue.record("another process has the lock")
            return
        }
        let text = store.statuses(of: ["t"])[0].lease?.text
        #expect(text == "waits for Lease kube-system/l, held by 'w1_1' since 2023-11-14T22:13:20Z")
        try store.write(TaskRecord(task: "t", outcome: .changed, run: "run"))
        #expect(store.statuses(of: ["t"])[0].lease == nil)
        lock.release()
    }

    @Test func `the holder during a repetition is shown too`() throws {
        try store.write(TaskRecord(task: "t", outcome: .changed, run: "run"))
        var started = TaskRecord(task: "t", outcome: nil, run: "run")
        started.lease = LeaseHolder(lease: "kube-system/l", identity: "w1_1", since: nil, isSelf: true)
        try store.repetitions.write(started)
        guard let lock = try store.lock("t") else {
            Issue.record("another process has the lock")
            return
        }
        #expect(store.statuses(of: ["t"])[0].lease?.text == "holds Lease kube-system/l")
        lock.release()
        #expect(store.statuses(of: ["t"])[0].lease == nil)
    }

    @Test func `a lock whose directory a reset has removed is taken again`() throws {
        let removed = try store.directory(of: "rbac", isCreating: true)
        try store.remove(["rbac"])
        let lock = try store.lock("rbac", in: removed)
        // The lock is that of the directory that others find.
        #expect(try store.lock("rbac") == nil)
        lock?.release()
    }

    @Test func `the records of other tasks stay`() throws {
        for task in ["rbac", "other"] {
            try store.write(TaskRecord(task: task, outcome: .changed, run: "run"))
        }
        try store.write(NodeHealth(failed: ["rbac"]))
        try store.remove(["rbac"])
        #expect(try store.tasks() == ["other"])
        #expect(store.health().failed == [])
        try store.remove(["other", "third"])
        #expect(try FileSystem.exists(store.path) == false)
        try store.remove([])
    }
}
