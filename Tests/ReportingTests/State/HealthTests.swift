import Base
@testable import Host
import Planning
import TestSupport
import Testing

@testable import Reporting

/// The failed tasks that are remembered between two looks at the units.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct HealthTests {
    private let store = RecordStore(path: TemporaryDirectory.file("state"), boot: "this-boot")
    private var path: String { TemporaryDirectory.file("state/health.json") }

    @Test func `the health is read as it was written, and a healthy node has no file`() throws {
        #expect(store.health() == NodeHealth())
        let health = NodeHealth(failed: ["a", "b"], retryAt: Timestamp(seconds: 1_700_000_000))
        try store.prepare()
        try store.write(health)
        #expect(store.health() == health)
        #expect(try FileSystem.status(path)?.mode == 0o644)
        #expect(RecordStore(path: TemporaryDirectory.file("state"), boot: "other").health() == NodeHealth())
        try store.write(NodeHealth(retryAt: Timestamp(seconds: 1)))
        #expect(try FileSystem.exists(path) == false)
        try store.write(NodeHealth())
    }

    @Test func `the delay before a retry grows up to five minutes`() {
        let delays = [0, 1, 2, 3, 4, 5, 6, 7, 1_000_000].map {
            NodeHealth.retryDelay(afterAttempt: $0).components.seconds
        }
        #expect(delays == [10, 10, 20, 40, 80, 160, 300, 300, 300])
    }

    @Test func `a record says whether the failure is permanent`() throws {
        for isPermanent in [false, true] {
            let record = TaskRecord(task: "a", outcome: .failed, isPermanent: isPermanent, run: "run")
            try store.write(record)
            #expect(try store.record(of: "a")?.isPermanent == isPermanent)
            #expect(store.statuses(of: ["a"]).map(\.isPermanent) == [isPermanent])
        }
    }

    @Test func `a run by hand that succeeds after the unit has failed counts, and one before it does not`() throws {
        let unit = UnitState(load: "loaded", active: "failed", sub: "failed")
        let record = TaskRecord(task: "a", outcome: .unchanged, uptimeMilliseconds: 5000, run: "run")
        try store.write(record)
        var status = store.statuses(of: ["a"])[0]
        status.add(ServiceState(unit: unit, failedAt: .milliseconds(4999)))
        #expect(status.state == .ended(.unchanged))
        #expect(status.reasons == ["a run by hand has succeeded since the unit failed"])
        status = store.statuses(of: ["a"])[0]
        status.add(ServiceState(unit: unit, failedAt: .milliseconds(5001)))
        #expect(status.state == .ended(.failed))
    }

    @Test func `the pauses of a unit grow with its attempts, and not with those by hand`() throws {
        var record = TaskRecord(task: "a", outcome: .failed, run: "run")
        for isOfUnit in [false, false, true, false, true] {
            record.history = TaskHistory(after: record, isOfUnit: isOfUnit)
            try store.write(record)
            record = try #require(try store.record(of: "a"))
        }
        #expect(record.history.unitAttempts == 2)
        record.outcome = .changed
        #expect(TaskHistory(after: record, isOfUnit: true).unitAttempts == 1)
    }

    @Test func `a failed task that is about to run again has not failed permanently`() {
        var status = TaskStatus(task: "a", state: .ended(.failed))
        status.isPermanent = true
        let failed = UnitState(load: "loaded", active: "failed", sub: "failed")
        status.add(ServiceState(unit: failed, hasJob: true))
        #expect(!status.isPermanent)
    }
}
