import Glibc
import Host
import PKI
import TestSupport
import Testing

@testable import Actions

/// The records of a boot and the locks beside them.
@Suite(.temporaryDirectory, .timeLimit(.minutes(3)))
struct RecordTests {
    private let store = RecordStore(path: TemporaryDirectory.file("state"), boot: "this-boot")
    private var path: String { TemporaryDirectory.file("state/tasks/rbac.json") }

    private func record(task: String = "rbac", outcome: String = "changed", reason: String? = nil) -> TaskRecord {
        TaskRecord(
            task: task,
            verb: "apply",
            outcome: outcome,
            finishedAt: Timestamp(seconds: 1_700_000_000),
            durationMicroseconds: 1_234_567,
            counts: .init(created: 1, changed: 2, unchanged: 3, failed: 4),
            reason: reason,
            run: "run",
        )
    }

    @Test(arguments: [nil, "", "one \"line\"", "two\nlines\u{1b}[31m\u{0}é"] as [String?])
    func `a record comes back as written`(reason: String?) throws {
        var expected = record(outcome: "failed", reason: reason)
        try store.write(expected)
        expected.boot = "this-boot"
        #expect(try store.record(of: "rbac") == expected)
        #expect(try FileSystem.status(path)?.mode == 0o644)
    }

    @Test(arguments: [("changed", true), ("unchanged", true), ("failed", false), ("skipped", false), ("odd", false)])
    func `dependants may run after success alone`(outcome: String, isSuccess: Bool) {
        #expect(record(outcome: outcome).isSuccess == isSuccess)
    }

    @Test func `attempts are counted from the last success`() throws {
        #expect(store.nextAttempt(of: "rbac") == 1)
        var failed = record(outcome: "failed")
        failed.attempt = store.nextAttempt(of: "rbac")
        try store.write(failed)
        #expect(store.nextAttempt(of: "rbac") == 2)
        failed.attempt = .max
        try store.write(failed)
        #expect(store.nextAttempt(of: "rbac") == TaskRecord.attemptLimit)
        try store.write(record())
        #expect(store.nextAttempt(of: "rbac") == 1)
    }

    @Test func `there is no record before a task has ended`() throws {
        #expect(try store.record(of: "rbac") == nil)
        #expect(try FileSystem.exists(TemporaryDirectory.file("state")) == false)
    }

    @Test func `a record of another boot is none`() throws {
        try RecordStore(path: TemporaryDirectory.file("state"), boot: "last-boot").write(record())
        #expect(try store.record(of: "rbac") == nil)
    }

    @Test func `half a record is none, however little is missing`() throws {
        var whole = record(reason: "why")
        whole.boot = "this-boot"
        let text = whole.json.dropLast("}\n".count)
        for count in 0...text.count {
            try FileSystem.write(Array(text.prefix(count)), to: path, mode: 0o644)
            #expect(try store.record(of: "rbac") == nil)
        }
    }

    @Test(
        arguments: [
            "", "null", "[]", "{}", "\u{0}", #"{"task":"rbac"}"#,
            // Another task's, moved here.
            #"{"task":"b","outcome":"changed","finishedAt":"2025-01-01T00:00:00Z","boot":"this-boot"}"#,
            #"{"task":"rbac","outcome":1,"finishedAt":"2025-01-01T00:00:00Z","boot":"this-boot"}"#,
            #"{"task":"rbac","outcome":"changed","finishedAt":"yesterday","boot":"this-boot"}"#,
            #"{"task":"rbac","outcome":"changed","finishedAt":"2025-01-01T00:00:00Z"}"#,
        ]
    )
    func `what is no record of this task is none`(text: String) throws {
        try FileSystem.write(Array(text.utf8), to: path, mode: 0o644)
        #expect(try store.record(of: "rbac") == nil)
    }

    @Test func `a record of a later version is read as far as it is known`() throws {
        let text =
            #"{"task":"rbac","outcome":"changed","finishedAt":"2025-01-01T00:00:00Z","boot":"this-boot","#
            + #""created":"many","durationMicroseconds":99999999999999999999,"new":[{}]}"#
        try FileSystem.write(Array(text.utf8), to: path, mode: 0o644)
        let record = try store.record(of: "rbac")
        #expect(record?.isSuccess == true)
        #expect(record?.counts == .init())
        #expect(record?.durationMicroseconds == 0)
    }

    @Test func `something else than a file in the place of a record is told`() throws {
        try FileSystem.makeDirectories(path)
        let error = #expect(throws: SystemError.self) { try store.record(of: "rbac") }
        #expect(error?.description == "cannot read '\(path)': is a directory")
    }

    @Test func `who runs a task is known while it is locked`() async throws {
        #expect(store.runner(of: "rbac") == nil)
        let lock = try store.lock("rbac")
        #expect(store.runner(of: "rbac") == getpid())
        let isTakenTwice = try store.lock("rbac") != nil
        #expect(!isTakenTwice)
        lock?.release()
        #expect(store.runner(of: "rbac") == nil)
        let again = try await store.awaitLock("rbac")
        #expect(store.runner(of: "rbac") == getpid())
        again?.release()
    }
}
