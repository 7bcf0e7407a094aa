import Base
import Execution
import Glibc
import Host
import Reporting
import State
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(5)))
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

    @Test func `a table is as wide as its values`() {
        #expect(
            statusLines(rows).joined(separator: "\n") == """
                TASK                 STATE    AGE     DURATION  OBJECTS               DESCRIPTION
                generate-kubeconfig  changed  3m 20s  12 ms                           Generate the admin kubeconfig
                calico-crds          failed   3m 10s  8.1 s     19 created, 1 failed
                    crds/a.yaml:3:5: server is away; start it
                kube-proxy           not yet                                          Apply kube-proxy
                    runs after 'calico-crds'
                """
        )
    }

    @Test func `a terminal narrower than the table has lines instead of rows, folded between words`() {
        #expect(
            statusLines(rows, columns: 40).joined(separator: "\n") == """
                generate-kubeconfig: changed
                    Generate the admin kubeconfig
                    age 3m 20s, duration 12 ms
                calico-crds: failed
                    age 3m 10s, duration 8.1 s, objects
                    19 created, 1 failed
                    crds/a.yaml:3:5: server is away;
                    start it
                kube-proxy: not yet
                    Apply kube-proxy
                    runs after 'calico-crds'
                """
        )
    }

    @Test func `what systemd says of the wait for a Lease is left out, and nothing else`() {
        var row = TaskStatus(task: "a", state: .running)
        row.lease = LeaseHolder(lease: "kube-system/l", identity: "w1_1", since: nil, isSelf: false)
        let waits = "    waits for Lease kube-system/l, held by 'w1_1'"
        row.reasons = ["waiting: Lease/kube-system/l: held by 'w1_1' (gives up at 12:10:00Z)"]
        row.wait = TaskWait(Wait.Subject(.lock, "Lease/kube-system/l"), reason: "held by 'w1_1'", from: .zero)
        #expect(statusLines([row]) == ["TASK  STATE", "a     running", waits])
        for reason in ["waiting: API server 10.0.0.1:6443: no route", "'x' says: Lease/kube-system/l: not found"] {
            (row.reasons, row.wait) = ([reason], nil)
            #expect(statusLines([row]) == ["TASK  STATE", "a     running", waits, "    \(reason)"])
        }
        row.lease?.isSelf = true
        row.reasons = ["holds Lease kube-system/l"]
        #expect(statusLines([row]) == ["TASK  STATE", "a     running", "    holds Lease kube-system/l"])
    }

    @Test func `columns without values are left out`() {
        #expect(statusLines([TaskStatus(task: "a", state: .notYet)]) == ["TASK  STATE", "a     not yet"])
    }

    @Test func `states are coloured if asked for`() {
        #expect(
            statusLines([TaskStatus(task: "a", state: .ended(.failed))], isColoured: true).last
                == "a     \u{1b}[31mfailed  \u{1b}[0m"
        )
    }

    @Test(.timeLimit(.minutes(5))) func `10,000 tasks make a table in linear time`() {
        // The best of some.
        func time(_ count: Int) -> Duration {
            let statuses = (0..<count).map { TaskStatus(task: "t\($0)", state: .notYet, reasons: ["runs after 't0'"]) }
            let times = (0..<3).map { _ in
                processorTime { #expect(statusLines(statuses, columns: 80).count == 2 * count + 1) }
            }
            return times.min() ?? .zero
        }
        let small = time(1000)
        // A quadratic table would take 100 times as long.
        #expect(time(10_000) < small * 30)
    }

    @Test func `a table without tasks is a sentence`() {
        #expect(statusLines([]) == ["no task for this node"])
        #expect(
            statusJSON([]).hasPrefix(
                #"{"version":1,"tasks":[],"certificates":[],"warnings":[],"summary":{"tasks":0,"not yet":0,"#
            )
        )
    }

    @Test func `every line of a reason is below its row, and control characters are escaped`() {
        let lines = statusLines([TaskStatus(task: "a", state: .ended(.failed), reasons: ["x", "y\rz"])])
        #expect(lines.suffix(2) == ["    x", "    y\\rz"])
    }

    @Test func `the last repetition and the next one have a column, and a failed one its reason`() {
        var (waits, failed, runs) = (rows[0], rows[0], rows[0])
        (waits.task, failed.task, runs.task) = ("a", "b", "c")
        waits.repeatsIn = .seconds(3600)
        failed.repetition = TaskRepetition(
            state: .ended(.failed),
            age: .seconds(60),
            reasons: ["server is away", "start it"]
        )
        failed.repeatsIn = .seconds(30)
        runs.repetition = TaskRepetition(state: .running)
        #expect(
            statusLines([waits, failed, runs]).joined(separator: "\n") == """
                TASK  STATE    AGE     DURATION  REPETITION                      DESCRIPTION
                a     changed  3m 20s  12 ms     next in 1h 0m                   Generate the admin kubeconfig
                b     changed  3m 20s  12 ms     failed 1m 0s ago, next in 30 s  Generate the admin kubeconfig
                    repetition: server is away
                    repetition: start it
                c     changed  3m 20s  12 ms     running                         Generate the admin kubeconfig
                """
        )
    }

    @Test func `the JSON form leaves out what is not known`() {
        #expect(
            statusJSON(rows) == #"{"version":1,"tasks":["#
                + #"{"task":"generate-kubeconfig","description":"Generate the admin kubeconfig","state":"changed","#
                + #""ageSeconds":200.000,"durationSeconds":0.012},"#
                + #"{"task":"calico-crds","state":"failed","ageSeconds":190.000,"durationSeconds":8.123,"#
                + #""objects":{"created":19,"configured":0,"deleted":0,"unchanged":0,"failed":1},"#
                + #""reason":"crds/a.yaml:3:5: server is away; start it"},"#
                + #"{"task":"kube-proxy","description":"Apply kube-proxy","state":"not yet","#
                + #""reason":"runs after 'calico-crds'"}],"certificates":[],"warnings":[],"#
                + #""summary":{"tasks":3,"not yet":1,"waiting":0,"running":0,"unknown":0,"#
                + #""changed":1,"unchanged":0,"failed":1,"skipped":0,"interrupted":0}}"#
        )
    }

    /// States of services with their words in the table.
    static let services: [(ServiceState, String)] = [
        (ServiceState(UnitState(load: "loaded", active: "active", sub: "exited")), "active"),
        (ServiceState(UnitState(load: "loaded", active: "activating", sub: "start")), "starting"),
        (ServiceState(UnitState(load: "loaded", active: "deactivating", sub: "stop")), "stopping"),
        (ServiceState(UnitState(load: "loaded", active: "inactive", sub: "dead")), "stopped"),
        (ServiceState(UnitState(load: "loaded", active: "inactive", sub: "dead"), hasJob: true), "queued"),
        (ServiceState(UnitState(load: "loaded", active: "inactive", sub: "dead"), wasStarted: false), "never started"),
        (ServiceState(UnitState(load: "not-found", active: "inactive", sub: "dead")), "no unit"),
        (ServiceState(UnitState(load: "masked", active: "inactive", sub: "dead")), "masked"),
    ]

    @Test(arguments: services) func `the state of the service has a column`(service: ServiceState, words: String) {
        var row = TaskStatus(task: "a", state: .ended(.changed), age: .seconds(1))
        row.add(service)
        let width = words.count + 2
        let heading = "TASK  STATE    UNIT" + String(repeating: " ", count: width - 4) + "AGE"
        // The unit of a task that has succeeded puts its products in place.
        let state = words == "starting" ? "running" : words == "queued" ? "waiting" : "changed"
        let reason = words == "queued" ? ["    systemd is about to start or stop its unit"] : []
        #expect(statusLines([row]) == [heading, "a     \(state)  \(words)  1 s"] + reason)
    }

    @Test func `a task without a record has the state of its service`() {
        let dead = UnitState(load: "loaded", active: "inactive", sub: "dead")
        var waiting = TaskStatus(task: "a", state: .notYet)
        waiting.add(ServiceState(dead, wasStarted: false), waitingFor: ["b"], isBlocked: true)
        #expect(
            statusJSON([waiting]).hasPrefix(
                #"{"version":1,"tasks":[{"task":"a","state":"waiting","unit":{"load":"loaded","#
                    + #""active":"inactive","sub":"dead","wasStarted":false},"reason":"runs after 'b'"}],"#
            )
        )
        var failed = TaskStatus(task: "a", state: .notYet)
        failed.add(ServiceState(UnitState(load: "loaded", active: "failed", sub: "failed")))
        #expect(
            statusLines([failed]).suffix(2) == [
                "a     failed  failed", "    see 'systemctl status k8s-bootstrap-a.service'",
            ]
        )
        var queued = TaskStatus(task: "a", state: .notYet)
        queued.add(ServiceState(dead, hasJob: true), waitingFor: ["b", "c"])
        #expect(statusLines([queued]).suffix(2) == ["a     waiting  queued", "    runs after 'b', 'c'"])
        var again = TaskStatus(task: "a", state: .ended(.failed), age: .zero, reasons: ["a reason"])
        let dropped = UnitState(load: "loaded", active: "failed", sub: "failed")
        again.add(ServiceState(dropped, hasJob: true), waitingFor: ["b"])
        #expect(statusLines([again]).suffix(1) == ["    runs again after 'b'"])
        var running = TaskStatus(task: "a", state: .running)
        running.add(
            ServiceState(UnitState(load: "loaded", active: "activating", sub: "start"), statusText: "waiting: x")
        )
        #expect(statusLines([running]).suffix(2) == ["a     running  starting", "    waiting: x"])
        var unknown = TaskStatus(task: "a", state: .notYet)
        unknown.add(ServiceState(UnitState(load: "not-found", active: "inactive", sub: "dead")))
        #expect(statusLines([unknown]).last == "    systemd does not know it yet; run 'nest-bootstrap up'")
        // The service failed after the task had succeeded.
        var spoilt = TaskStatus(task: "a", state: .ended(.unchanged), age: .zero)
        spoilt.add(
            ServiceState(UnitState(load: "loaded", active: "failed", sub: "failed"), statusText: "b.yaml:1:1: x")
        )
        #expect(spoilt.state == .ended(.failed))
        #expect(spoilt.reasons == ["b.yaml:1:1: x"])
        var recorded = TaskStatus(task: "a", state: .ended(.failed), age: .zero, reasons: ["refused"])
        recorded.add(ServiceState(.failed, exitStatus: 1, statusText: "other words"))
        #expect(recorded.state == .ended(.failed))
        #expect(recorded.reasons == ["refused"])
        #expect(!recorded.isPermanent)
    }

    @Test func `a failure is followed by when it is retried, or that it is not`() {
        var row = TaskStatus(task: "a", state: .ended(.failed), age: .seconds(1), reasons: ["refused"])
        row.add(ServiceState(.failed, exitStatus: 1))
        row.retriesIn = .seconds(42)
        #expect(statusLines([row])[1] == "a     failed  failed, retries in 42 s  1 s")
        #expect(statusJSON([row]).contains(#""state":"failed","#))
        #expect(statusJSON([row]).contains(#""retriesInSeconds":42.000"#))
        row.retriesIn = nil
        row.isPermanent = true
        #expect(statusLines([row])[1] == "a     failed  failed, not retried  1 s")
        #expect(statusJSON([row]).contains(#""permanent":true"#))
        // A program that ended before it had a record: its exit status says it.
        var unrecorded = TaskStatus(task: "a", state: .notYet)
        unrecorded.add(ServiceState(.failed, exitStatus: 78))
        #expect(unrecorded.isPermanent)
    }
}

extension UnitState {
    /// The state of a service that has failed.
    fileprivate static let failed = UnitState(load: "loaded", active: "failed", sub: "failed")
}
