import Execution
import Glibc
import Host
import TestSupport
import Testing

@testable import State

/// The records and locks that a reset removes.
@Suite(.temporaryDirectory, .timeLimit(.minutes(5)))
struct RecordRemovalTests {
    private let store = RecordStore(path: TemporaryDirectory.file("state"), boot: "this-boot")

    @Test func `a lock whose directory a reset has removed is taken again`() async throws {
        let held = try store.lock("rbac")
        let store = store
        let waiting = Task {
            let lock = try await store.awaitLock("rbac", until: .now + .seconds(600))
            // The lock is that of the directory that others find.
            let isFree = try store.lock("rbac") != nil
            lock?.release()
            return !isFree
        }
        // If the wait begins only now, there is nothing to see.
        try await Task.sleep(for: .milliseconds(500))
        try store.remove(["rbac"])
        held?.release()
        #expect(try await waiting.value)
        #expect(try store.tasks() == [])
    }

    @Test func `the records of other tasks stay`() throws {
        for task in ["rbac", "other"] {
            try store.write(TaskRecord(task: task, verb: "file", outcome: .changed, run: "run"))
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
