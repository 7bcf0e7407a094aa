import Base
@testable import Host
import Planning
@testable import Reporting
import Testing

@Suite(.timeLimit(.minutes(15)))
struct TimelineTests {
    private typealias Boot = SampleBoot

    @Test func `a boot is made of records and units`() {
        let timeline = Timeline(Boot.source)
        #expect(timeline.isFromBoot)
        #expect(timeline.originTime.description == "2026-01-01T10:00:00Z")
        #expect(timeline.end == .seconds(60))
        #expect(timeline.isOngoing)
        #expect(timeline.tasks.map(\.name) == ["kubeconfig", "rbac", "link", "crds", "node", "late"])
        #expect(spans(timeline, "kubeconfig") == ["work 4-4.012 (changed)"])
        #expect(
            spans(timeline, "rbac") == [
                "dependency 2-4.012 (kubeconfig)",
                "server 4.1-15.5 (API server 10.0.0.1:6443) (connection refused)", "work 15.5-16 (changed)",
            ]
        )
        #expect(
            spans(timeline, "crds") == [
                "dependency 2-16 (rbac)", "work 16.1-18.1 (failed)", "pause 18.1-28", "work 28-30 (changed)",
            ]
        )
        #expect(
            spans(timeline, "node") == [
                "dependency 2-30 (crds)", "work 30.1-31",
                "condition 31- (DaemonSet/kube-system/node) (ready: 0 of 1)",
            ]
        )
        #expect(
            spans(timeline, "link") == ["unit 2-5.5 (network-online.target)", "work 5.6-5.61 (unchanged)"]
        )
        #expect(spans(timeline, "late") == ["dependency 2- (node)"])
        #expect(timeline.criticalPath == ["kubeconfig", "rbac", "crds", "node"])
        #expect(timeline.tasks.filter(\.isCritical).map(\.name) == ["kubeconfig", "rbac", "crds", "node"])
        #expect(timeline.notes.isEmpty)
    }

    @Test func `the critical path goes back over the dependency that ended last`() {
        var source = TimelineSource(
            tasks: [
                Boot.task("a", .ended(.changed), Boot.record("a", .changed, at: 9000, after: 8000)),
                Boot.task("b", .ended(.changed), Boot.record("b", .changed, at: 8000, after: 7000)),
                Boot.task("c", after: [0, 1], .ended(.changed), Boot.record("c", .changed, at: 9500, after: 400)),
                Boot.task("d", after: [1], .ended(.failed), Boot.record("d", .failed, at: 20_000, after: 11_000)),
                Boot.task("e", after: [3], .ended(.skipped), Boot.record("e", .skipped, at: 20_001)),
            ],
            clock: Boot.clock,
        )
        #expect(Timeline(source).criticalPath == ["b", "d"])
        source.tasks.removeLast(2)
        #expect(Timeline(source).criticalPath == ["a", "c"])
        source.tasks.removeAll()
        #expect(Timeline(source).criticalPath.isEmpty)
    }

    @Test func `a unit that came after all dependencies begins the critical path`() {
        var source = TimelineSource(
            tasks: [
                Boot.task("a", .ended(.changed), Boot.record("a", .changed, at: 3000, after: 1000)),
                Boot.task(
                    "b",
                    after: [0],
                    units: ["etcd.service", "k3s.service"],
                    .ended(.changed),
                    Boot.record("b", .changed, at: 9500, after: 400)
                ),
            ],
            clock: Boot.clock,
        )
        source.system = SystemTimes(
            boot: BootTimes(unitsLoaded: .seconds(1)),
            units: [
                Boot.unit("k3s.service", started: 4000, active: 9000),
                Boot.unit("etcd.service", started: 2000, active: 2500),
            ],
        )
        let timeline = Timeline(source)
        #expect(timeline.criticalPath == ["k3s.service", "b"])
        #expect(spans(timeline, "b") == ["dependency 1-3 (a)", "unit 3-9 (k3s.service)", "work 9.1-9.5 (changed)"])
        // Restarted since, it says nothing about this start.
        source.system?.units["k3s.service"] = Boot.unit("k3s.service", started: 40_000, active: 41_000)
        #expect(Timeline(source).criticalPath == ["a", "b"])
    }

    @Test func `a chain of 10,000 tasks has a timeline`() {
        let tasks = (0..<10_000).map { index in
            let record = Boot.record("t\(index)", .changed, at: Int64(index * 5 + 5), after: 5)
            return Boot.task("t\(index)", after: index == 0 ? [] : [index - 1], .ended(.changed), record)
        }
        let timeline = Timeline(TimelineSource(tasks: tasks, clock: Boot.clock))
        #expect(timeline.criticalPath.count == 10_000)
        #expect(timeline.criticalPath.last == "t9999")
        #expect(timelineLines(timeline, columns: 80).count { $0.hasPrefix("* t") } == 10_000)
        #expect(timelineSVG(timeline, node: "n").ranges(of: "<text class=\"critical\"").count == 10_001)
    }

    @Test func `an attempt with overlapping waits is divided without gaps`() {
        let attempt = Boot.attempt(
            .failed,
            at: 10_000,
            after: 8000,
            waits: [
                Boot.wait(.server, "s", from: 1000, to: 3000), Boot.wait(.lock, "l", from: 2500, to: 5000),
                Boot.wait(.condition, "c", from: 8000),
            ],
        )
        let texts = attempt.spans.map { "\($0.kind) \($0.start / .seconds(1))-\(($0.end ?? .zero) / .seconds(1))" }
        #expect(texts == ["server 2.0-3.0", "lock 3.0-5.0", "work 5.0-8.0", "condition 8.0-10.0"])
        #expect(attempt.spans.map(\.outcome) == [nil, nil, nil, .failed])
    }

    @Test func `a task that will be tried again is open, one that will not is over`() {
        let record = Boot.record("a", .failed, at: 5000, after: 1000)
        let retried = Boot.task("a", .ended(.failed), record, retriesIn: .seconds(10))
        let open = Timeline(TimelineSource(tasks: [retried], clock: Boot.clock))
        #expect(spans(open, "a") == ["work 0-1 (failed)", "pause 1-"])
        #expect(open.end == .seconds(56))
        let over = Timeline(TimelineSource(tasks: [Boot.task("a", .ended(.failed), record)], clock: Boot.clock))
        #expect(spans(over, "a") == ["work 0-1 (failed)"])
        #expect(over.end == .seconds(1))
    }

    @Test func `an attempt whose process was killed ends with its unit`() {
        let record = Boot.record("a", nil, at: 5000)
        var source = TimelineSource(tasks: [Boot.task("a", .ended(.interrupted), record)], clock: Boot.clock)
        #expect(spans(Timeline(source), "a") == ["work 0-0 (interrupted)"])
        source.system = SystemTimes(units: [
            UnitTimes(
                name: "k8s-bootstrap-a.service",
                state: UnitState(load: "loaded", active: "failed", sub: "failed"),
                started: .milliseconds(4900),
                ended: .milliseconds(7000),
            )
        ])
        #expect(spans(Timeline(source), "a") == ["work 5-7 (interrupted)"])
    }

    @Test func `nothing has run on this boot`() {
        var source = TimelineSource(
            tasks: [Boot.task("a", units: ["k3s.service"], .notYet), Boot.task("b", after: [0], .waiting)],
            clock: Boot.clock,
        )
        let starting = UnitState(load: "loaded", active: "activating", sub: "start")
        source.system = SystemTimes(
            boot: BootTimes(unitsLoaded: .seconds(2)),
            units: [UnitTimes(name: "k3s.service", state: starting, hasJob: true, started: .seconds(3))],
        )
        let timeline = Timeline(source)
        #expect(timeline.end == .seconds(60))
        #expect(spans(timeline, "a") == ["unit 2- (k3s.service)"])
        #expect(spans(timeline, "b") == ["dependency 2- (a)"])
        #expect(timeline.criticalPath.isEmpty)
        #expect(!timeline.isOngoing)
    }

    @Test func `runs after the first success are left out`() {
        let history = TaskHistory(lastSuccess: Timestamp(seconds: 0))
        let again = Boot.record("a", .failed, at: 50_000, after: 3000, history: history)
        let first = Boot.attempt(.changed, at: 5000, after: 1000)
        let task = Boot.task("a", .ended(.failed), again, earlier: [first])
        let timeline = Timeline(TimelineSource(tasks: [task], clock: Boot.clock))
        #expect(timeline.tasks.map(\.state) == [.ended(.changed)])
        #expect(spans(timeline, "a") == ["work 0-1 (changed)"])
        #expect(timeline.originTime.description == "2026-01-01T10:00:04Z")
    }
}
