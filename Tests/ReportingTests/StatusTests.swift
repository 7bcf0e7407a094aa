import Base
@testable import Host
import Planning
@testable import Reporting
import Testing

@Suite(.timeLimit(.minutes(15)))
struct StatusTests {
    private let rows = [
        TaskStatus(
            task: "generate-kubeconfig",
            description: "Generate the admin kubeconfig",
            state: .ended(.changed),
            age: .seconds(200),
            duration: .milliseconds(12),
        ),
        TaskStatus(
            task: "calico-crds",
            state: .ended(.failed),
            age: .seconds(190),
            duration: .milliseconds(8123),
            counts: ResultCounts(created: 19, failed: 1),
            reasons: ["crds/a.yaml:3:5: server is away; start it"],
        ),
        TaskStatus(
            task: "kube-proxy",
            description: "Apply kube-proxy",
            state: .notYet,
            reasons: ["runs after 'calico-crds'"]
        ),
    ]

    @Test func `columns are as wide as their values`() {
        #expect(
            statusLines(rows).joined(separator: "\n") == """
                generate-kubeconfig  changed      12 ms    3m 20s ago
                calico-crds          failed       8.1 s    3m 10s ago, 19 created, 1 failed
                    error: crds/a.yaml:3:5: server is away; start it
                kube-proxy           not yet               runs after 'calico-crds'
                """
        )
    }

    @Test func `on a narrow terminal details are below the rows, folded between words`() {
        let lines = statusLines(rows, columns: 40)
        #expect(
            lines.prefix(5) == [
                "generate-kubeconfig  changed      12 ms", "    3m 20s ago", "calico-crds       failed       8.1 s",
                "    3m 10s ago, 19 created, 1 failed", "    error: crds/a.yaml:3:5: server is",
            ]
        )
        #expect(lines.contains("    away; start it"))
        let name = String(repeating: "long-name-", count: 5)
        let long = TaskStatus(task: name, state: .ended(.unchanged), age: .seconds(200), duration: .milliseconds(12))
        #expect(statusLines([long], columns: 80) == ["\(name)  unchanged    12 ms", "    3m 20s ago"])
    }

    @Test func `what systemd says of the wait for a Lease is left out, and nothing else`() {
        var row = TaskStatus(task: "a", state: .running)
        row.lease = LeaseHolder(lease: "kube-system/l", identity: "w1_1", since: nil, isSelf: false)
        let waits = "a  running               waits for Lease kube-system/l, held by 'w1_1'"
        row.reasons = ["waiting: Lease/kube-system/l: held by 'w1_1' (gives up at 12:10:00Z)"]
        row.wait = TaskWait(subject: Wait.Subject(.lock, "Lease/kube-system/l"), reason: "held by 'w1_1'", start: .zero)
        #expect(statusLines([row]) == [waits])
        for reason in ["waiting: API server 10.0.0.1:6443: no route", "'x' says: Lease/kube-system/l: not found"] {
            (row.reasons, row.wait) = ([reason], nil)
            #expect(statusLines([row]) == ["\(waits); \(reason)"])
        }
        row.lease?.isSelf = true
        row.reasons = ["holds Lease kube-system/l"]
        #expect(statusLines([row]) == ["a  running               holds Lease kube-system/l"])
    }

    @Test func `states are coloured if asked for`() {
        #expect(
            statusLines([TaskStatus(task: "a", state: .ended(.failed))], isColoured: true).last
                == "a  \u{1b}[31mfailed\u{1b}[0m"
        )
    }

    @Test func `a node without tasks has a sentence`() {
        #expect(statusLines([]) == ["no task for this node"])
    }

    @Test func `every line of a reason is below its row, and control characters are escaped`() {
        let lines = statusLines([TaskStatus(task: "a", state: .ended(.failed), reasons: ["x", "y\rz"])])
        #expect(lines.suffix(2) == ["    error: x", "    error: y\\rz"])
    }

    @Test func `the last repetition and the next one are in the row, and the reason of a failed one is below it`() {
        var (waits, failed, runs) = (rows[0], rows[0], rows[0])
        (waits.task, failed.task, runs.task) = ("a", "b", "c")
        waits.repeatsIn = .seconds(3600)
        failed.repetition = TaskStatus(
            task: "a",
            state: .ended(.failed),
            age: .seconds(60),
            reasons: ["server is away", "start it"]
        )
        failed.repeatsIn = .seconds(30)
        runs.repetition = TaskStatus(task: "a", state: .running)
        let lines = statusLines([waits, failed, runs])
        #expect(lines.contains { $0.hasSuffix("  3m 20s ago, repetition next in 1h 0m") }, "\(lines)")
        #expect(lines.contains { $0.hasSuffix(" ago, repetition failed 1m 0s ago, next in 30 s") }, "\(lines)")
        #expect(lines.suffix(3).prefix(2) == ["    repetition: server is away", "    repetition: start it"])
    }

    @Test func `the JSON form leaves out what is not known`() {
        let text = statusJSON(rows)
        #expect(
            text.contains(
                #""task":"calico-crds","state":"failed","ageSeconds":190.000,"durationSeconds":8.123,"objects":{"#
            )
        )
        #expect(
            text.contains(
                #"{"task":"kube-proxy","description":"Apply kube-proxy","state":"not yet","reason":"runs after"#
            )
        )
        #expect(text.contains(#""summary":{"tasks":3,"not yet":1,"waiting":0,"running":0,"unknown":0,"changed":1,"#))
    }

    /// States of services with their words in the table.
    static let services: [(ServiceState, String)] = [
        (ServiceState(unit: UnitState(load: "loaded", active: "active", sub: "exited")), "active"),
        (ServiceState(unit: UnitState(load: "loaded", active: "activating", sub: "start")), "starting"),
        (ServiceState(unit: UnitState(load: "loaded", active: "deactivating", sub: "stop")), "stopping"),
        (ServiceState(unit: UnitState(load: "loaded", active: "inactive", sub: "dead")), "stopped"),
        (ServiceState(unit: UnitState(load: "loaded", active: "inactive", sub: "dead"), hasJob: true), "queued"),
        (
            ServiceState(unit: UnitState(load: "loaded", active: "inactive", sub: "dead"), wasStarted: false),
            "never started"
        ),
        (ServiceState(unit: UnitState(load: "not-found", active: "inactive", sub: "dead")), "not known"),
        (ServiceState(unit: UnitState(load: "masked", active: "inactive", sub: "dead")), "masked"),
    ]

    @Test(arguments: services)
    func `the state of the service is shown if the task has another one`(service: ServiceState, words: String) {
        var row = TaskStatus(task: "a", state: .ended(.changed), age: .seconds(1))
        row.add(service)
        let line =
            switch words {
            case "active": "changed               1 s ago"
            // The unit of a task that has succeeded puts its products in place.
            case "starting": "running"
            case "queued": "waiting               systemd is about to start or stop its unit"
            default: "changed               1 s ago, unit \(words)"
            }
        #expect(statusLines([row]) == ["a  \(line)"])
    }

    @Test func `a task without a record has the state of its service`() {
        let dead = UnitState(load: "loaded", active: "inactive", sub: "dead")
        var waiting = TaskStatus(task: "a", state: .notYet)
        waiting.add(ServiceState(unit: dead, wasStarted: false), waitingFor: ["b"], isBlocked: true)
        #expect(statusJSON([waiting]).contains(#""sub":"dead","wasStarted":false},"reason":"runs after 'b'"}],"#))
        var failed = TaskStatus(task: "a", state: .notYet)
        failed.add(ServiceState(unit: UnitState(load: "loaded", active: "failed", sub: "failed")))
        #expect(
            statusLines([failed]).suffix(2) == [
                "a  failed", "    error: see 'systemctl status k8s-bootstrap-a.service'",
            ]
        )
        var queued = TaskStatus(task: "a", state: .notYet)
        queued.add(ServiceState(unit: dead, hasJob: true), waitingFor: ["b", "c"])
        #expect(statusLines([queued]) == ["a  waiting               for b, c"])
        var again = TaskStatus(task: "a", state: .ended(.failed), age: .zero, reasons: ["a reason"])
        let dropped = UnitState(load: "loaded", active: "failed", sub: "failed")
        again.add(ServiceState(unit: dropped, hasJob: true), waitingFor: ["b"])
        #expect(statusLines([again]) == ["a  waiting               for b"])
        var running = TaskStatus(task: "a", state: .running)
        running.add(
            ServiceState(unit: UnitState(load: "loaded", active: "activating", sub: "start"), statusText: "waiting: x")
        )
        #expect(statusLines([running]) == ["a  running               waiting: x"])
        var unknown = TaskStatus(task: "a", state: .notYet)
        unknown.add(ServiceState(unit: UnitState(load: "not-found", active: "inactive", sub: "dead")))
        let advice = "systemd does not know it yet; run 'nest-bootstrap up'"
        #expect(statusLines([unknown]) == ["a  not yet               \(advice)"])
        // The service failed after the task had succeeded.
        var spoilt = TaskStatus(task: "a", state: .ended(.unchanged), age: .zero)
        spoilt.add(
            ServiceState(unit: UnitState(load: "loaded", active: "failed", sub: "failed"), statusText: "b.yaml:1:1: x")
        )
        #expect(spoilt.state == .ended(.failed))
        #expect(spoilt.reasons == ["b.yaml:1:1: x"])
        var recorded = TaskStatus(task: "a", state: .ended(.failed), age: .zero, reasons: ["refused"])
        recorded.add(ServiceState(unit: .failed, exitStatus: 1, statusText: "other words"))
        #expect(recorded.state == .ended(.failed))
        #expect(recorded.reasons == ["refused"])
        #expect(!recorded.isPermanent)
    }

    @Test func `a failure is followed by when it is retried`() {
        var row = TaskStatus(task: "a", state: .ended(.failed), age: .seconds(1), reasons: ["refused"])
        row.add(ServiceState(unit: .failed, exitStatus: 1))
        row.retriesIn = .seconds(42)
        #expect(statusLines([row])[0] == "a  failed                1 s ago, retries in 42 s")
        #expect(statusJSON([row]).contains(#""state":"failed","#))
        #expect(statusJSON([row]).contains(#""retriesInSeconds":42.000"#))
        row.isPermanent = true
        #expect(statusJSON([row]).contains(#""permanent":true"#))
        // A program that ended before it had a record: its exit status says it.
        var unrecorded = TaskStatus(task: "a", state: .notYet)
        unrecorded.add(ServiceState(unit: .failed, exitStatus: 78))
        #expect(unrecorded.isPermanent)
    }

    private let now = Timestamp(rfc3339: "2030-05-01T10:00:00Z") ?? .now()

    private func task(_ name: String, _ state: TaskState, _ change: (inout TaskStatus) -> Void = { _ in }) -> TaskStatus
    {
        var status = TaskStatus(task: name, state: state)
        change(&status)
        return status
    }

    @Test func `a node whose tasks have all succeeded says since when`() {
        var statuses = [
            task("a", .ended(.changed)) { $0.finishedAt = Timestamp(rfc3339: "2030-05-01T09:00:00Z") },
            task("b", .ended(.unchanged)) { $0.finishedAt = Timestamp(rfc3339: "2030-05-01T09:57:40Z") },
        ]
        let line = "2 tasks: all succeeded, since 2030-05-01T09:57:40Z (2m 20s ago)"
        #expect(summaryLines(statuses, at: now) == [line])
        statuses[0].repetition = task("a", .ended(.failed))
        #expect(summaryLines(statuses, at: now) == ["\(line); repetitions of 1 failed"])
    }

    @Test func `failures come first, with the time of the next retry`() {
        let statuses = [
            task("a", .ended(.changed)), task("b", .ended(.failed)) { $0.retriesIn = .seconds(75) },
            task("c", .ended(.failed)) { $0.retriesIn = .seconds(32) }, task("d", .waiting), task("e", .running),
            task("f", .notYet), task("g", .notYet),
        ]
        #expect(
            summaryLines(statuses, at: now)
                == ["7 tasks: 2 failed, 1 running, 1 waiting, 2 not run yet, 1 succeeded; next retry in 32 s"]
        )
    }

    @Test func `a failure that only a person can correct says so`() {
        let statuses = [task("a", .ended(.failed)) { $0.isPermanent = true }]
        #expect(summaryLines(statuses, at: now) == ["1 task: 1 failed, 0 succeeded; a person has to correct the cause"])
    }

    @Test func `below the rows is the command that loads the units of tasks that were run by hand`() {
        let unit = ServiceState(unit: UnitState(load: "not-found", active: "inactive", sub: "dead"))
        var statuses = [task("a", .notYet) { $0.add(unit) }, task("b", .ended(.changed))]
        #expect(warningLines(unitWarnings(statuses)).isEmpty)
        statuses += ["c", "d"].map { task($0, .ended(.changed)) { $0.add(unit) } }
        #expect(
            warningLines(unitWarnings(statuses))
                == ["warning: systemd does not know the units of tasks 'c' and 'd' yet; run 'nest-bootstrap up'"]
        )
    }
}

extension UnitState {
    /// The state of a service that has failed.
    fileprivate static let failed = UnitState(load: "loaded", active: "failed", sub: "failed")
}
