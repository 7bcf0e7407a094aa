import Base
import Execution
import Host
import TestSupport
import Testing

@testable import State

/// The holder of a task's Lease in its record.
@Suite(.temporaryDirectory, .timeLimit(.minutes(5)))
struct LeaseRecordTests {
    private let store = RecordStore(path: TemporaryDirectory.file("state"), boot: "this-boot")

    @Test func `the holder of a Lease is shown while the task runs, and not afterwards`() throws {
        var started = TaskRecord(task: "t", verb: "exec", outcome: nil, run: "run")
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
        try store.write(TaskRecord(task: "t", verb: "exec", outcome: .changed, run: "run"))
        #expect(store.statuses(of: ["t"])[0].lease == nil)
        lock.release()
    }

    @Test func `the holder during a repetition is shown too`() throws {
        try store.write(TaskRecord(task: "t", verb: "exec", outcome: .changed, run: "run"))
        var started = TaskRecord(task: "t", verb: "exec", outcome: nil, run: "run")
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
}
