import Base
import Planning
@testable import Reporting
import Testing

/// What a node reports to the cluster.
@Suite(.timeLimit(.minutes(15)))
struct BootstrapConditionTests {
    private let now = Timestamp(seconds: 1_700_000_000)

    private func status(_ name: String, _ state: TaskState, _ reason: String? = nil) -> TaskStatus {
        TaskStatus(task: name, state: state, reasons: reason.map { [$0] } ?? [])
    }

    private func condition(
        _ statuses: [TaskStatus],
        failed: [String] = [],
        reported: Set<String> = [],
        retryAt: Timestamp? = nil
    ) -> BootstrapCondition {
        BootstrapCondition(statuses, NodeHealth(failed: failed, retryAt: retryAt), reported: reported, at: now)
    }

    @Test func `a node is ready when all tasks have succeeded`() {
        let ready = condition([status("a", .ended(.changed)), status("b", .ended(.unchanged))])
        #expect(ready.reason == .succeeded)
        #expect(ready.message == "2 of 2 tasks have succeeded")
        #expect(condition([]).reason == .succeeded)
        #expect(condition([]).message == "the node has no tasks")
    }

    @Test func `tasks that have not succeeded yet are not a failure`() {
        let running = condition([status("a", .ended(.changed)), status("b", .running), status("c", .notYet)])
        #expect(running.reason == .running)
        #expect(running.message == "1 of 3 tasks has succeeded; running: 'b'")
        let pending = condition([status("a", .notYet), status("b", .ended(.interrupted))])
        #expect(pending.reason == .pending)
        #expect(pending.message == "0 of 2 tasks have succeeded")
        let unknown = condition([status("a", .unknown, "secret"), status("b", .running)])
        #expect(unknown.reason == .unknown && unknown.reason.status == "Unknown")
        #expect(unknown.message == "the records of some tasks cannot be read")
    }

    @Test func `failures are named with their first lines and the next attempt`() {
        let statuses = [
            status("a", .ended(.failed), "no server\nmore"), status("b", .ended(.skipped)),
            status("c", .ended(.changed)),
        ]
        let later = Timestamp(seconds: now.seconds + 20)
        #expect(
            condition(statuses, failed: ["a"], retryAt: later).message
                == "1 of 3 tasks failed: 'a' (no server); retried at \(later)"
        )
        // A time that has passed says nothing.
        #expect(condition(statuses, failed: ["a"], retryAt: now).message == "1 of 3 tasks failed: 'a' (no server)")
        var final = statuses
        final[0].isPermanent = true
        let correct = "; a person has to correct the cause"
        #expect(condition(final, retryAt: later).message == "1 of 3 tasks failed: 'a' (no server)\(correct)")
        let many = (1...5).map { status("t\($0)", .ended(.failed), "r") }
        #expect(condition(many).message == "5 of 5 tasks failed: 't1' (r), 't2' (r), 't3' (r) and 2 more")
        let long = condition([status("a", .ended(.failed), String(repeating: "x", count: 9000))])
        #expect(long.message.count < 400)
        #expect(condition([status("a", .ended(.failed), "a\u{1b}[2Jb")]).message.contains("a\\x1b[2Jb"))
    }

    @Test func `a task that failed and is running again, or never started, is still failed`() {
        #expect(condition([status("a", .running)], failed: ["a"]).message == "1 of 1 task failed: 'a'")
        let unit = "(see 'systemctl status k8s-bootstrap-a.service' on the node)"
        #expect(condition([status("a", .notYet)], failed: ["a"]).message == "1 of 1 task failed: 'a' \(unit)")
        // Without systemd only an earlier report knows of it.
        #expect(condition([status("a", .running)], reported: ["a"]).message == "1 of 1 task failed: 'a'")
        #expect(condition([status("a", .ended(.changed))], reported: ["a"]).reason == .succeeded)
    }

    @Test func `a unit that has failed after a success of its task is a failure, as in status`() {
        let succeeded = status("a", .ended(.changed))
        let failed = condition([succeeded, status("b", .ended(.unchanged))], failed: ["a"])
        #expect(failed.reason == .failed)
        #expect(
            failed.message
                == "1 of 2 tasks failed: 'a' (see 'systemctl status k8s-bootstrap-a.service' on the node)"
        )
        // The failure of another task is no concern of this one.
        #expect(condition([succeeded], failed: ["b"]).reason == .succeeded)
    }

    @Test func `a repetition that fails is a failure until one succeeds`() {
        var repeated = status("a", .ended(.changed))
        repeated.repetition = TaskStatus(task: "a", state: .ended(.failed), finishedAt: now, reasons: ["gone"])
        #expect(condition([repeated]).message == "1 of 1 task failed: 'a' (repetition: gone)")
        repeated.repetition = TaskStatus(task: "a", state: .running, startedAt: now)
        #expect(condition([repeated], failed: ["a"]).reason == .failed)
        #expect(condition([repeated], reported: ["a"]).reason == .failed)
        #expect(condition([repeated]).reason == .succeeded)
        repeated.repetition = TaskStatus(task: "a", state: .ended(.changed), finishedAt: now)
        #expect(condition([repeated], reported: ["a"]).reason == .succeeded)
    }

    @Test func `an invalid task file is reported with the place of the first mistake, without its text`() {
        let place = SourceLocation(file: "/etc/b.yaml", position: .init(line: 3, column: 5))
        let condition = BootstrapCondition(invalid: [
            Problem("value 'secret' is wrong", at: place), Problem("other"),
        ])
        #expect(condition.reason.status == "False")
        #expect(
            condition.message
                == "the task file is invalid (/etc/b.yaml:3:5); run 'nest-bootstrap check' on the node"
        )
    }
}
