import Base
@testable import Host
import Planning
@testable import Reporting
import TestSupport
import Testing

/// What `status --watch` shows.
@Suite(.timeLimit(.minutes(15)))
struct StatusViewTests {
    private let recorder = Recorder()
    private let now = Timestamp(seconds: 1_800_000_000)

    /// Tasks of a node whose boot goes on, as systemd and the records have them.
    private var statuses: [TaskStatus] {
        var changed = TaskStatus(
            task: "kubeconfig",
            state: .ended(.changed),
            age: .seconds(200),
            duration: .milliseconds(12)
        )
        changed.repeatsIn = .seconds(3600)
        var failed = TaskStatus(
            task: "calico-crds",
            state: .ended(.failed),
            age: .seconds(3),
            duration: .milliseconds(8123),
            counts: ResultCounts(created: 19, failed: 1),
            reasons: ["crds/a.yaml:3:5: unknown field 'spce'; did you mean 'spec'?", "second cause"],
        )
        failed.retriesIn = .seconds(42)
        var running = TaskStatus(task: "rbac", state: .running)
        running.startedAt = Timestamp(seconds: now.seconds - 75)
        let starting = UnitState(load: "loaded", active: "activating", sub: "start")
        let words = "waiting: API server 10.0.0.1:6443: connection refused (gives up at 12:10:00Z)"
        running.add(ServiceState(unit: starting, hasJob: true, statusText: words))
        running.wait = TaskWait(
            subject: Wait.Subject(.server, "API server 10.0.0.1:6443"),
            reason: "connection refused",
            start: .zero
        )
        let waiting = waiting("calico-node", for: ["calico-crds"])
        let unreadable = TaskStatus(task: "dns", state: .unknown, reasons: ["cannot read '/x': permission denied"])
        return [changed, failed, running, waiting, unreadable, TaskStatus(task: "labels", state: .notYet)]
    }

    /// A task whose service was not started because of its dependencies.
    private func waiting(_ task: String, for dependencies: [String]) -> TaskStatus {
        var status = TaskStatus(task: task, state: .notYet)
        let dead = UnitState(load: "loaded", active: "inactive", sub: "dead")
        status.add(ServiceState(unit: dead, wasStarted: false), waitingFor: dependencies, isBlocked: true)
        return status
    }

    private func view(columns: Int = 80, rows: Int = 24) -> StatusView {
        let size = TerminalSize(columns: columns, rows: rows)
        return StatusView(
            TerminalScreen(recorder.output, isColoured: false, size: { size }, isForeground: { true })
        )
    }

    private func window(columns: Int = 80, rows: Int = 24) -> String {
        var screen = Screen(columns: columns, rows: rows)
        screen.feed(recorder.text())
        return screen.window.joined(separator: "\n")
    }

    @Test func `every task has a line, with what the service of a running one has reported`() {
        var view = view()
        view.show(statuses, at: now)
        #expect(
            window() == """
                kubeconfig   changed      12 ms    3m 20s ago, repetition next in 1h 0m
                calico-crds  failed       8.1 s
                    3 s ago, retries in 42 s, 19 created, 1 failed
                    error: crds/a.yaml:3:5: unknown field 'spce'; did you mean 'spec'?
                    error: second cause
                rbac         running      1m 15s
                    waiting: API server 10.0.0.1:6443: connection refused (gives up at
                    12:10:00Z)
                calico-node  waiting               for calico-crds
                dns          unknown
                    error: cannot read '/x': permission denied
                labels       not yet
                6 tasks: 1 failed, 1 running, 1 waiting, 1 not run yet, 1 unknown, 1 succeeded;
                next retry in 42 s
                """
        )
    }

    @Test func `a warning is above the summary, and removed with its cause`() {
        var view = view(columns: 60)
        let summary = "1 task: 1 not run yet, 0 succeeded"
        view.show([TaskStatus(task: "a", state: .notYet)], warning: "cannot ask 'systemd': timed out", at: now)
        #expect(window(columns: 60) == "a  not yet\nwarning: cannot ask 'systemd': timed out\n\(summary)")
        view.show([TaskStatus(task: "a", state: .notYet)], at: now)
        #expect(window(columns: 60) == "a  not yet\n\(summary)")
        view.show([], at: now)
        #expect(window(columns: 60) == "no task for this node")
    }

    @Test func `the last view stays, without what was typed`() {
        var view = view()
        view.show(statuses, at: now)
        let last = window()
        recorder.output.write("^C")
        view.finish()
        #expect(window() == last)
    }

    @Test func `in the background nothing is shown, and nothing of the shell's removed`() {
        let size = TerminalSize()
        var view = StatusView(
            TerminalScreen(recorder.output, isColoured: false, size: { size }, isForeground: { false })
        )
        view.show(statuses, at: now)
        view.finish()
        #expect(recorder.text() == "")
    }

    @Test func `lines name what has changed, with its time, and nothing that only grows older`() {
        var changes = StatusChanges()
        let first = changes.lines(statuses, at: now)
        #expect(first.count == 9)
        #expect(first.contains("2027-01-15T08:00:00Z calico-crds: failed in 8.1 s: 19 created, 1 failed"))
        #expect(first.contains("2027-01-15T08:00:00Z calico-crds: error: second cause"))
        #expect(first.contains("2027-01-15T08:00:00Z calico-node: waiting: for calico-crds"))
        var later = statuses
        (later[0].age, later[1].retriesIn) = (.seconds(201), .seconds(41))
        #expect(changes.lines(later, at: now).isEmpty)
        later[0].repetition = TaskStatus(task: "a", state: .ended(.failed), reasons: ["no route\u{1b}[2J"])
        (later[2].reasons, later[2].wait) = (["3 of 20 objects, last: ConfigMap/x created"], nil)
        #expect(
            changes.lines(later, at: now) == [
                "2027-01-15T08:00:00Z kubeconfig: changed in 12 ms: repetition failed",
                "2027-01-15T08:00:00Z kubeconfig: repetition: no route\\x1b[2J",
                "2027-01-15T08:00:00Z rbac: running",
            ]
        )
        later[2].reasons = ["4 of 20 objects, last: ConfigMap/y created"]
        #expect(changes.lines(later, at: now).isEmpty)
    }

    @Test func `every change is one JSON object a line`() {
        var changes = StatusChanges()
        let status = TaskStatus(task: "a", state: .ended(.changed), age: .seconds(1), duration: .seconds(2))
        #expect(
            changes.json([status], milliseconds: 0) == [
                #"{"version":1,"time":"1970-01-01T00:00:00.000Z","task":"a","state":"changed","#
                    + #""ageSeconds":1.000,"durationSeconds":2.000}"#
            ]
        )
        var later = status
        later.age = .seconds(2)
        #expect(changes.json([later], milliseconds: 1).isEmpty)
        later.state = .running
        #expect(changes.json([later], milliseconds: 1).count == 1)
    }
}
