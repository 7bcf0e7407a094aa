import Base
import Execution
import Host
import TestSupport
import Testing

@testable import State

/// Files in the place of records that are none.
@Suite(.temporaryDirectory, .timeLimit(.minutes(5)))
struct RecordDamageTests {
    private let store = RecordStore(path: TemporaryDirectory.file("state"), boot: "this-boot")
    private var path: String { TemporaryDirectory.file("state/tasks/rbac/record.json") }

    /// What is reported instead of a damaged record.
    private var damage: String {
        "cannot read '\(path)': it is damaged; 'nest-bootstrap run --task rbac' replaces it"
    }

    @Test func `an incomplete record is reported, however little is missing`() throws {
        var whole = TaskRecord(task: "rbac", verb: "apply", outcome: .changed, reasons: ["why"], run: "run")
        whole.boot = "this-boot"
        let text = whole.json().dropLast("}\n".count)
        for count in 0...text.count {
            try FileSystem.write(Array(text.prefix(count)), to: path, mode: 0o644)
            let error = #expect(throws: SystemError.self) { try store.record(of: "rbac") }
            #expect(error?.description == damage)
        }
    }

    @Test func `the call that replaces a damaged record is about the same node`() throws {
        let flags = ["--config", "/my dir/x.yaml", "--root", "/mnt"]
        let store = RecordStore(path: self.store.path, boot: nil, callArguments: flags)
        try FileSystem.write([], to: path, mode: 0o644)
        let error = #expect(throws: SystemError.self) { try store.record(of: "rbac") }
        let call = "nest-bootstrap run --task rbac --config '/my dir/x.yaml' --root /mnt"
        #expect(error?.description == "cannot read '\(path)': it is damaged; \(call) replaces it")
    }

    @Test func `a damaged record of a repetition is replaced by the next repetition, not by a run by hand`() throws {
        let path = TemporaryDirectory.file("state/tasks/rbac/repetition.json")
        try FileSystem.write([], to: path, mode: 0o644)
        let error = #expect(throws: SystemError.self) { try store.repetitions.record(of: "rbac") }
        #expect(error?.description == "cannot read '\(path)': it is damaged; the next repetition replaces it")
        let text = TemporaryDirectory.file("state/tasks/rbac/repetition-public.json")
        try FileSystem.write([], to: text, mode: 0o644)
        let other = #expect(throws: SystemError.self) { try store.repetitions.publicRecords.record(of: "rbac") }
        #expect(other?.description == "cannot read '\(text)': it is damaged; the next repetition replaces it")
        try store.write(TaskRecord(task: "rbac", verb: "apply", outcome: .changed, run: "run"))
        #expect(throws: SystemError.self) { try store.repetitions.record(of: "rbac") }
        try store.repetitions.write(TaskRecord(task: "rbac", verb: "apply", outcome: .changed, run: "run"))
        #expect(try store.repetitions.record(of: "rbac")?.outcome == .changed)
    }

    @Test(arguments: ["x", "{}"])
    func `a repetition with a damaged record is unknown, and counts as such`(text: String) throws {
        try store.write(TaskRecord(task: "rbac", verb: "exec", outcome: .changed, run: "run"))
        try store.repetitions.write(TaskRecord(task: "rbac", verb: "exec", outcome: .failed, run: "run"))
        func unknownRepetition(damaging name: String) throws -> TaskRepetition {
            let path = TemporaryDirectory.file("state/tasks/rbac/\(name)")
            try FileSystem.write(Array(text.utf8), to: path, mode: 0o644)
            let reason = "cannot read '\(path)': it is damaged; the next repetition replaces it"
            return TaskRepetition(state: .unknown, reasons: [reason])
        }
        // What every user may read can be damaged alone.
        let unknownToUsers = try unknownRepetition(damaging: "repetition-public.json")
        #expect(store.publicRecords.statuses(of: ["rbac"])[0].repetition == unknownToUsers)
        #expect(store.statuses(of: ["rbac"])[0].repetition?.hasFailed == true)
        let unknown = try unknownRepetition(damaging: "repetition.json")
        let status = store.statuses(of: ["rbac"])[0]
        #expect(status.repetition == unknown)
        #expect(status.state == .ended(.changed))
        #expect(status.countedState == .unknown)
        // A failure that was reported has not ended.
        #expect(status.failure(NodeHealth(), reported: ["rbac"])?.subject == .earlierAttempt)
        #expect(try store.hasSucceeded("rbac"))
        let lock = try store.lock("rbac")
        #expect(store.statuses(of: ["rbac"])[0].repetition?.state == .running)
        lock?.release()
        try store.repetitions.write(TaskRecord(task: "rbac", verb: "exec", outcome: .changed, run: "run"))
        #expect(store.statuses(of: ["rbac"])[0].countedState == .ended(.changed))
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
        #expect(statuses.map(\.reasons) == [[damage]])
        #expect(try store.intactRecord(of: "rbac") == nil)
        #expect(try store.hasSucceeded("rbac") == false)
        #expect(store.nextAttempt(of: "rbac") == 1)
        try store.write(TaskRecord(task: "rbac", verb: "apply", outcome: .changed, run: "run"))
        #expect(try store.hasSucceeded("rbac"))
    }
}
