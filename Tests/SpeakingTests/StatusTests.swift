import Host
import Speaking
import Testing

@Suite(.timeLimit(.minutes(3)))
struct StatusTests {
    private let rows = [
        StatusRow(
            task: "generate-kubeconfig",
            description: "Generate the admin kubeconfig",
            state: "changed",
            age: .seconds(200),
            duration: .milliseconds(12),
        ),
        StatusRow(
            task: "calico-crds",
            state: "failed",
            age: .seconds(190),
            duration: .milliseconds(8123),
            objects: ObjectCounts(created: 19, failed: 1),
            reason: "crds/a.yaml:3:5: server is away; start it",
        ),
        StatusRow(
            task: "kube-proxy",
            description: "Apply kube-proxy",
            state: "not yet",
            reason: "runs after 'calico-crds'"
        ),
    ]

    @Test func `a table is as wide as it needs to be`() {
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

    @Test func `a narrow terminal cuts descriptions and wraps reasons`() {
        #expect(
            statusLines(rows, columns: 80).joined(separator: "\n") == """
                TASK                 STATE    AGE     DURATION  OBJECTS               DESCRIPTI…
                generate-kubeconfig  changed  3m 20s  12 ms                           Generate …
                calico-crds          failed   3m 10s  8.1 s     19 created, 1 failed
                    crds/a.yaml:3:5: server is away; start it
                kube-proxy           not yet                                          Apply kub…
                    runs after 'calico-crds'
                """
        )
        #expect(statusLines(rows, columns: 30).contains("    crds/a.yaml:3:5: server is"))
    }

    @Test func `columns that nobody fills are left out`() {
        #expect(statusLines([StatusRow(task: "a", state: "not yet")]) == ["TASK  STATE", "a     not yet"])
    }

    @Test func `states are coloured where that is welcome`() {
        #expect(
            statusLines([StatusRow(task: "a", state: "failed")], isColoured: true).last
                == "a     \u{1b}[31mfailed  \u{1b}[0m"
        )
    }

    @Test func `no row is a sentence`() {
        #expect(statusLines([]) == ["no task for this node"])
        #expect(statusJSON([]) == #"{"tasks":[]}"#)
    }

    @Test func `every line of a reason stands on its own below the row, and none can be forged`() {
        let lines = statusLines([StatusRow(task: "a", state: "failed", reason: "x\ny\rz")])
        #expect(lines.suffix(2) == ["    x", "    y\\rz"])
    }

    @Test func `the JSON form has what is known`() {
        #expect(
            statusJSON(rows) == #"{"tasks":["#
                + #"{"task":"generate-kubeconfig","description":"Generate the admin kubeconfig","state":"changed","#
                + #""ageSeconds":200.000,"durationSeconds":0.012},"#
                + #"{"task":"calico-crds","state":"failed","ageSeconds":190.000,"durationSeconds":8.123,"#
                + #""objects":{"created":19,"configured":0,"unchanged":0,"failed":1},"#
                + #""reason":"crds/a.yaml:3:5: server is away; start it"},"#
                + #"{"task":"kube-proxy","description":"Apply kube-proxy","state":"not yet","#
                + #""reason":"runs after 'calico-crds'"}]}"#
        )
    }

    /// States of services with their words in the table.
    static let services: [(ServiceState, String)] = [
        (ServiceState(UnitState(load: "loaded", active: "active", sub: "exited")), "active"),
        (ServiceState(UnitState(load: "loaded", active: "activating", sub: "start")), "starting"),
        (ServiceState(UnitState(load: "loaded", active: "deactivating", sub: "stop")), "stopping"),
        (ServiceState(.autoRestart), "waiting to restart"),
        (ServiceState(.autoRestart, restartsIn: .seconds(42)), "restarts in 42 s"),
        (ServiceState(UnitState(load: "loaded", active: "inactive", sub: "dead")), "stopped"),
        (ServiceState(UnitState(load: "loaded", active: "inactive", sub: "dead"), hasJob: true), "queued"),
        (ServiceState(UnitState(load: "loaded", active: "inactive", sub: "dead"), wasStarted: false), "never started"),
        (ServiceState(UnitState(load: "not-found", active: "inactive", sub: "dead")), "no unit"),
        (ServiceState(UnitState(load: "masked", active: "inactive", sub: "dead")), "masked"),
    ]

    @Test(arguments: services) func `the service of a task has its column`(service: ServiceState, words: String) {
        var row = StatusRow(task: "a", state: "changed", age: .seconds(1))
        row.join(service)
        let width = words.count + 2
        let heading = "TASK  STATE    UNIT" + String(repeating: " ", count: width - 4) + "AGE"
        #expect(statusLines([row]) == [heading, "a     changed  \(words)  1 s"])
    }

    @Test func `a task without a record is what its service came to`() {
        var waiting = StatusRow(task: "a", state: "not yet")
        waiting.join(
            ServiceState(.autoRestart, restartsIn: .seconds(42), statusText: "waiting: task 'a' runs after 'b'")
        )
        #expect(
            statusJSON([waiting]) == #"{"tasks":[{"task":"a","state":"waiting","unit":{"load":"loaded","#
                + #""active":"activating","sub":"auto-restart","wasStarted":true,"restartsInSeconds":42.000},"#
                + #""reason":"task 'a' runs after 'b'"}]}"#
        )
        var failed = StatusRow(task: "a", state: "not yet")
        failed.join(ServiceState(UnitState(load: "loaded", active: "failed", sub: "failed")))
        #expect(
            statusLines([failed]).suffix(2) == [
                "a     failed  failed", "    see 'systemctl status k8s-bootstrap-a.service'",
            ]
        )
        let dead = UnitState(load: "loaded", active: "inactive", sub: "dead")
        var queued = StatusRow(task: "a", state: "not yet")
        queued.join(ServiceState(dead, hasJob: true), awaiting: ["b", "c"])
        #expect(statusLines([queued]).suffix(2) == ["a     waiting  queued", "    runs after 'b', 'c'"])
        var running = StatusRow(task: "a", state: "running")
        running.join(
            ServiceState(UnitState(load: "loaded", active: "activating", sub: "start"), statusText: "waiting: x")
        )
        #expect(statusLines([running]).suffix(2) == ["a     running  starting", "    waiting: x"])
        var unknown = StatusRow(task: "a", state: "not yet")
        unknown.join(ServiceState(UnitState(load: "not-found", active: "inactive", sub: "dead")))
        #expect(statusLines([unknown]).last == "    systemd does not know it yet; run 'systemctl daemon-reload'")
        // The service failed after the task had succeeded.
        var spoilt = StatusRow(task: "a", state: "unchanged", age: .zero)
        spoilt.join(
            ServiceState(UnitState(load: "loaded", active: "failed", sub: "failed"), statusText: "b.yaml:1:1: x")
        )
        #expect(spoilt.state == "failed")
        #expect(spoilt.reason == "b.yaml:1:1: x")
        var recorded = StatusRow(task: "a", state: "failed", age: .zero, reason: "refused")
        recorded.join(ServiceState(.autoRestart, statusText: "other words"))
        #expect(recorded.state == "failed")
        #expect(recorded.reason == "refused")
    }
}

extension UnitState {
    /// The state of a service that has failed and is tried again.
    fileprivate static let autoRestart = UnitState(load: "loaded", active: "activating", sub: "auto-restart")
}
