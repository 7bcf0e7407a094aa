import Base
import Execution
import Host
import TestSupport
import Testing

@testable import State

/// Files in the place of records that are none.
@Suite(.temporaryDirectory, .timeLimit(.minutes(3)))
struct RecordDamageTests {
    private let store = RecordStore(path: TemporaryDirectory.file("state"), boot: "this-boot")
    private var path: String { TemporaryDirectory.file("state/tasks/rbac/record.json") }

    /// What is reported instead of a damaged record.
    private var damage: String {
        "cannot read '\(path)': it is damaged; 'nest-bootstrap run --task rbac' replaces it"
    }

    @Test func `an incomplete record is reported, however little is missing`() throws {
        var whole = TaskRecord(task: "rbac", verb: "apply", outcome: .changed, reason: "why", run: "run")
        whole.boot = "this-boot"
        let text = whole.json().dropLast("}\n".count)
        for count in 0...text.count {
            try FileSystem.write(Array(text.prefix(count)), to: path, mode: 0o644)
            let error = #expect(throws: SystemError.self) { try store.record(of: "rbac") }
            #expect(error?.description == damage)
        }
    }

    @Test(
        arguments: [
            "", "null", "[]", "{}", "\u{0}", #"{"task":"rbac"}"#,
            // Another task's, moved here.
            #"{"task":"b","outcome":"changed","finishedAt":"2025-01-01T00:00:00Z","boot":"this-boot"}"#,
            #"{"task":"rbac","outcome":"odd","finishedAt":"2025-01-01T00:00:00Z","boot":"this-boot"}"#,
            #"{"task":"rbac","finishedAt":"2025-01-01T00:00:00Z","boot":"this-boot"}"#,
            #"{"task":"rbac","outcome":1,"finishedAt":"2025-01-01T00:00:00Z","boot":"this-boot"}"#,
            #"{"task":"rbac","outcome":"changed","finishedAt":"yesterday","boot":"this-boot"}"#,
        ]
    )
    func `what is not a record of this task is reported, and replaced by its next one`(text: String) throws {
        try FileSystem.write(Array(text.utf8), to: path, mode: 0o644)
        let error = #expect(throws: SystemError.self) { try store.record(of: "rbac") }
        #expect(error?.description == damage)
        let statuses = store.statuses(of: ["rbac"])
        #expect(statuses.map(\.state) == [.unknown])
        #expect(statuses.map(\.reason) == [damage])
        #expect(try store.intactRecord(of: "rbac") == nil)
        #expect(try store.hasSucceeded("rbac") == false)
        #expect(store.nextAttempt(of: "rbac") == 1)
        try store.write(TaskRecord(task: "rbac", verb: "apply", outcome: .changed, run: "run"))
        #expect(try store.hasSucceeded("rbac"))
    }
}
