import Base
import Glibc
import Host
import Planning
import TestSupport
import Testing

@testable import Reporting

/// The records of a boot and the locks beside them.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct RecordTests {
    private let store = RecordStore(path: TemporaryDirectory.file("state"), boot: "this-boot")
    private var path: String { TemporaryDirectory.file("state/tasks/rbac/record.json") }

    private func record(_ outcome: Outcome.Kind? = .changed, reasons: [String] = []) -> TaskRecord {
        TaskRecord(
            task: "rbac",
            outcome: outcome,
            time: Timestamp(seconds: 1_700_000_000),
            durationMicroseconds: 1_234_567,
            counts: ResultCounts(created: 1, changed: 2, deleted: 5, unchanged: 3, failed: 4),
            reasons: reasons,
            run: "run",
        )
    }

    @Test(arguments: [[], [""], ["one \"line\""], ["two", "lines\u{1b}[31m\u{0}é"]] as [[String]])
    func `a record is read as it was written`(reasons: [String]) throws {
        var expected = record(.failed, reasons: reasons)
        try store.write(expected)
        expected.boot = "this-boot"
        #expect(try store.record(of: "rbac") == expected)
        #expect(try FileSystem.status(path)?.mode == 0o600)
    }

    @Test func `the record that every user may read has only the public reason`() throws {
        var written = record(.failed, reasons: ["'sh -c MARKER' exited with status 1"])
        written.publicReasons = ["its program exited with status 1"]
        try store.write(written)
        let path = TemporaryDirectory.file("state/tasks/rbac/public.json")
        #expect(try FileSystem.status(path)?.mode == 0o644)
        let text = try Files.text(path)
        #expect(!text.contains("MARKER"))
        let record = try #require(stateValue(TaskRecord.self, from: Array(text.utf8)))
        #expect(record.reasons == ["its program exited with status 1"])
        #expect(record.counts == written.counts)
        #expect(try store.record(of: "rbac")?.reasons == written.reasons)
    }

    @Test func `only root can read what an attempt used`() throws {
        var written = record()
        written.inputs = TaskInputs(declaration: "MARKER", files: ["/etc/a": "MARKER", "/etc/b": nil])
        try store.write(written)
        #expect(try store.record(of: "rbac")?.inputs == written.inputs)
        #expect(try !Files.text(TemporaryDirectory.file("state/tasks/rbac/public.json")).contains("MARKER"))
    }

    @Test(
        arguments: [
            (TaskInputs(declaration: "d", files: ["/a": "1", "/b": "2"]), nil),
            (TaskInputs(declaration: "e", files: ["/a": "1", "/b": "2"]), .declaration),
            (TaskInputs(declaration: "d", files: ["/a": "1", "/b": "3"]), .file("/b")),
            // A manifest that was added to a directory, and one that was removed from it.
            (TaskInputs(declaration: "d", files: ["/a": "1", "/b": "2", "/c": "3"]), .file("/c")),
            (TaskInputs(declaration: "d", files: ["/a": "1"]), .file("/b")),
            // A file that one of the two could not read.
            (TaskInputs(declaration: "d", files: ["/a": "1", "/b": nil]), nil),
        ] as [(TaskInputs, TaskInputs.Change?)]
    )
    func `inputs are compared with those of an earlier attempt`(now: TaskInputs, change: TaskInputs.Change?) {
        let earlier = TaskInputs(declaration: "d", files: ["/a": "1", "/b": "2"])
        #expect(now.change(since: earlier) == change)
    }

    @Test func `records and locks are not reached through links`() throws {
        let victim = TemporaryDirectory.file("victim")
        try FileSystem.makeDirectories(victim)
        try FileSystem.makeDirectories(TemporaryDirectory.file("state"))
        try FileSystem.makeSymbolicLink(at: TemporaryDirectory.file("state/tasks"), to: victim, replacing: false)
        #expect(throws: SystemError.self) { try store.prepare() }
        #expect(throws: SystemError.self) { try store.write(record()) }
        #expect(throws: SystemError.self) { _ = try store.lock("rbac") }
        let error = #expect(throws: SystemError.self) { try store.record(of: "rbac") }
        #expect(
            error?.description
                == "cannot open directory '\(TemporaryDirectory.file("state/tasks"))': is a symbolic link"
        )
        #expect(try FileSystem.list(victim) == [])
    }

    @Test func `a task that has started has a record without an outcome`() throws {
        var expected = record(nil)
        try store.write(expected)
        expected.boot = "this-boot"
        #expect(try store.record(of: "rbac") == expected)
        #expect(!expected.isSuccess)
    }

    @Test(arguments: ["", ".", "..", ".hidden", "a/b", "/etc/passwd", "a\0b", String(repeating: "x", count: 201)])
    func `a task name that is not a file name is refused`(task: String) {
        var record = record()
        record.task = task
        #expect(throws: SystemError.self) { try store.write(record) }
        #expect(throws: SystemError.self) { try store.record(of: task) }
        #expect(throws: SystemError.self) { _ = try store.lock(task) }
        #expect(store.runner(of: task) == nil)
    }

    @Test func `tasks with a record are listed in order`() throws {
        #expect(try store.tasks().isEmpty)
        for task in ["b", "a", "c"] {
            var record = record()
            record.task = task
            try store.write(record)
        }
        try store.lock("locked-only")?.release()
        #expect(try store.tasks() == ["a", "b", "c"])
        #expect(try store.knownTasks() == ["a", "b", "c", "locked-only"])
    }

    @Test func `attempts are counted from the last success`() throws {
        #expect(store.nextAttempt(of: "rbac") == 1)
        var failed = record(.failed)
        failed.attempt = store.nextAttempt(of: "rbac")
        try store.write(failed)
        #expect(store.nextAttempt(of: "rbac") == 2)
        try store.write(record())
        #expect(store.nextAttempt(of: "rbac") == 1)
    }

    @Test func `there is no record before a task has run`() throws {
        #expect(try store.record(of: "rbac") == nil)
        #expect(try FileSystem.exists(TemporaryDirectory.file("state")) == false)
    }

    @Test func `a record of another boot is ignored`() throws {
        try RecordStore(path: TemporaryDirectory.file("state"), boot: "last-boot").write(record())
        #expect(try store.record(of: "rbac") == nil)
    }

    @Test func `a record of a later version is read`() throws {
        try store.write(record())
        let text = try Files.text(path).dropFirst()
        try FileSystem.write(Array((#"{"new":[{}],"# + text).utf8), to: path, mode: 0o644)
        #expect(try store.record(of: "rbac")?.isSuccess == true)
    }

    @Test func `a directory in place of a record is reported`() throws {
        try FileSystem.makeDirectories(path)
        let error = #expect(throws: SystemError.self) { try store.record(of: "rbac") }
        #expect(error?.description == "cannot read '\(path)': is a directory")
    }

    @Test func `the process that runs a task is known while it is locked`() throws {
        #expect(store.runner(of: "rbac") == nil)
        let lock = try store.lock("rbac")
        #expect(store.runner(of: "rbac") == getpid())
        let isTakenTwice = try store.lock("rbac") != nil
        #expect(!isTakenTwice)
        lock?.release()
        #expect(store.runner(of: "rbac") == nil)
        let again = try store.lock("rbac")
        #expect(store.runner(of: "rbac") == getpid())
        again?.release()
    }

    @Test func `a task is running while it is locked, and interrupted when its process is gone`() throws {
        let lock = try store.lock("rbac")
        #expect(store.statuses(of: ["rbac"]).map(\.state) == [.running])
        try store.write(record(nil))
        #expect(store.statuses(of: ["rbac"]).map(\.state) == [.running])
        lock?.release()
        let status = store.statuses(of: ["other", "rbac"], now: Timestamp(seconds: 1_700_000_060))
        #expect(status.map(\.state) == [.notYet, .ended(.interrupted)])
        #expect(status[1].reasons == ["its process was killed, or the power failed"])
        #expect(status[1].age == .seconds(60))
    }

    @Test func `a task that ends while its status is determined is never taken for interrupted`() async throws {
        let store = store
        let isOver = Locked(false)
        let work = Task {
            for _ in 0..<2000 {
                guard let lock = try store.lock("rbac") else { continue }
                try store.write(record(nil))
                try store.write(record(.unchanged))
                lock.release()
            }
            isOver.withLock { $0 = true }
        }
        var states: Set<TaskState> = []
        while !isOver.withLock({ $0 }) {
            states.formUnion(await onThread { store.statuses(of: ["rbac"]).map(\.state) })
        }
        try await work.value
        #expect(states.isSubset(of: [.notYet, .running, .ended(.unchanged)]))
    }

    @Test func `only who can list the directory of a task can lock it`() throws {
        try store.lock("rbac")?.release()
        #expect(try FileSystem.status(TemporaryDirectory.file("state/tasks/rbac"))?.mode == 0o711)
        try store.write(record())
        #expect(try FileSystem.list(TemporaryDirectory.file("state/tasks/rbac")) == ["public.json", "record.json"])
    }

    @Test(.enabled(if: geteuid() == 0)) func `a record that root writes belongs to the user of the task's unit`() throws
    {
        try store.write(record())
        let directory = TemporaryDirectory.file("state/tasks/rbac")
        #expect(unsafe chown(directory, 999, 998) == 0)
        try store.write(record(.failed))
        for name in ["record.json", "public.json"] {
            let status = try #require(try FileSystem.status("\(directory)/\(name)"))
            #expect(status.owner == 999 && status.group == 998, "\(name)")
        }
        #expect(try store.record(of: "rbac")?.outcome == .failed)
        #expect(try store.tasks() == ["rbac"])
        // The directory of a person is not one of a unit.
        #expect(unsafe chown(directory, 1000, 1000) == 0)
        #expect(throws: SystemError.self) { try store.record(of: "rbac") }
    }

    @Test(arguments: ["record.json", "public.json"])
    func `whatever a unit puts in place of a record is neither followed nor waited for`(name: String) throws {
        let victim = TemporaryDirectory.file("victim")
        try FileSystem.write(Array("text".utf8), to: victim, mode: 0o600)
        let place = TemporaryDirectory.file("state/tasks/rbac/\(name)")
        for make in [{ unsafe mkfifo(place, 0o600) }, { unsafe symlink(victim, place) }] as [() -> CInt] {
            try store.write(record())
            try FileSystem.remove(place)
            #expect(make() == 0)
            if name == "record.json" { #expect(throws: SystemError.self) { try store.record(of: "rbac") } }
            try store.write(record(.unchanged))
            #expect(try store.record(of: "rbac")?.outcome == .unchanged)
        }
        #expect(try readFile(victim, limit: 10) == Array("text".utf8))
    }
}
