import Base
import Host
import Planning
import TestSupport
import Testing

@testable import Reporting

/// Files in the place of records that are none.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct RecordDamageTests {
    private let store = RecordStore(path: TemporaryDirectory.file("state"), boot: "this-boot")
    private var path: String { TemporaryDirectory.file("state/tasks/rbac/record.json") }

    /// What is reported instead of a damaged record.
    private var damage: String {
        "cannot read '\(path)': it is damaged; 'nest-bootstrap run --task rbac' replaces it"
    }

    @Test func `an incomplete record is reported, however little is missing`() throws {
        var whole = TaskRecord(task: "rbac", outcome: .changed, reasons: ["why"], run: "run")
        whole.boot = "this-boot"
        let text = stateFile(whole).dropLast("}\n".count)
        for count in 0...text.count {
            try FileSystem.write(Array(text.prefix(count)), to: path, mode: 0o644)
            let error = #expect(throws: SystemError.self) { try store.record(of: "rbac") }
            #expect(error?.description == damage)
        }
    }

    @Test(
        arguments: [
            // Another task's, moved here.
            (#""task":"rbac""#, #""task":"b""#),
            (#""outcome":"changed""#, #""outcome":"odd""#), (#""outcome":"changed""#, #""outcome":1"#),
            (#""time":"2023-11-14T22:13:20Z""#, #""time":"yesterday""#), (#","attempt":1"#, ""),
            (#""attempt":1"#, #""attempt":-1"#), (#""created":0"#, #""created":9223372036854775807"#),
        ]
    )
    func `a record with an impossible value is damaged`(value: String, other: String) throws {
        let time = Timestamp(seconds: 1_700_000_000)
        try store.write(TaskRecord(task: "rbac", outcome: .changed, time: time, run: "run"))
        let text = try Files.text(path)
        #expect(text.contains(value), "\(text)")
        try FileSystem.write(Array(text.replacing(value, with: other).utf8), to: path, mode: 0o644)
        let error = #expect(throws: SystemError.self) { try store.record(of: "rbac") }
        #expect(error?.description == damage)
    }

    @Test func `the call that replaces a damaged record is about the same node`() throws {
        let flags = ["--config", "/my dir/x.yaml", "--root", "/mnt"]
        let store = RecordStore(path: self.store.path, boot: nil, callArguments: flags)
        try FileSystem.write([], to: path, mode: 0o644)
        let error = #expect(throws: SystemError.self) { try store.record(of: "rbac") }
        let call = "nest-bootstrap run --task rbac --config '/my dir/x.yaml' --root /mnt"
        #expect(error?.description == "cannot read '\(path)': it is damaged; \(call) replaces it")
    }

    @Test func `a damaged record is replaced by the next repetition`() throws {
        try FileSystem.write([], to: path, mode: 0o644)
        let error = #expect(throws: SystemError.self) { try store.repetitions.record(of: "rbac") }
        #expect(error?.description == damage)
        try store.repetitions.write(TaskRecord(task: "rbac", outcome: .changed, run: "run"))
        #expect(try store.record(of: "rbac")?.outcome == .changed)
    }

    @Test(
        arguments: [
            "", "null", "[]", "{}", "\u{0}", #"{"task":"rbac"}"#,
            #"{"task":"rbac","outcome":"changed","boot":"this-boot"}"#,
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
        try store.write(TaskRecord(task: "rbac", outcome: .changed, run: "run"))
        #expect(try store.hasSucceeded("rbac"))
    }
}
