import Base
@testable import Host
import Planning
@testable import Reporting
import TestSupport

/// A boot of a node whose tasks wait, fail and run, made of what a machine would have.
enum SampleBoot {
    /// When the node is looked at: 60 s after its start at 2026-01-01T10:00:00Z.
    static let clock = BootClock(sinceBoot: .seconds(60), sinceEpoch: .seconds(1_767_261_660))

    /// The record of an attempt that has ended, in milliseconds since the boot.
    static func record(
        _ task: String,
        _ outcome: Outcome.Kind?,
        at end: Int64,
        after duration: Int64 = 0,
        attempt: Int = 1,
        history: TaskHistory = TaskHistory(),
        waits: [TaskWait] = [],
    ) -> TaskRecord {
        var record = TaskRecord(
            task: task,
            outcome: outcome,
            time: Timestamp(seconds: 1_767_261_600 + end / 1000),
            uptimeMilliseconds: end,
            durationMicroseconds: duration * 1000,
            attempt: attempt,
            history: history,
            run: "r1",
        )
        record.waits = waits
        return record
    }

    /// An attempt that was not the last one, in milliseconds since the boot.
    static func attempt(
        _ outcome: Outcome.Kind?,
        at end: Int64,
        after duration: Int64 = 0,
        number: Int = 1,
        waits: [TaskWait] = [],
    ) -> TaskAttempt {
        TaskAttempt(
            number: number,
            start: .milliseconds(end - duration),
            end: outcome == nil ? nil : .milliseconds(end),
            outcome: outcome,
            waits: waits,
        )
    }

    /// A wait, in milliseconds since the boot.
    static func wait(
        _ kind: Wait.Subject.Kind,
        _ subject: String,
        _ reason: String? = nil,
        from start: Int,
        to end: Int? = nil,
    ) -> TaskWait {
        let end = end.map { Duration.milliseconds($0) }
        return TaskWait(subject: Wait.Subject(kind, subject), reason: reason, start: .milliseconds(start), end: end)
    }

    /// A task with its record.
    static func task(
        _ name: String,
        after dependencies: [Int] = [],
        units: [String] = [],
        _ state: TaskState,
        _ record: TaskRecord? = nil,
        earlier: [TaskAttempt] = [],
        description: String? = nil,
        retriesIn: Duration? = nil,
    ) -> TimelineSource.TaskFacts {
        var status = TaskStatus(task: name, description: description, state: state)
        status.retriesIn = retriesIn
        var record = record
        if !earlier.isEmpty { record?.history.attempts = earlier }
        return TimelineSource.TaskFacts(status, dependencies: dependencies, units: units, record: record)
    }

    /// An active unit, in milliseconds.
    static func unit(_ name: String, started: Int, active: Int) -> UnitTimes {
        UnitTimes(name: name, started: .milliseconds(started), active: .milliseconds(active))
    }

    /// A boot in which `crds` fails once, `node` still runs, and `late` waits for it.
    static var source: TimelineSource {
        var source = TimelineSource(
            tasks: [
                task(
                    "kubeconfig",
                    .ended(.changed),
                    record("kubeconfig", .changed, at: 4012, after: 12),
                    description: "Write the kubeconfig",
                ),
                task(
                    "rbac",
                    after: [0],
                    .ended(.changed),
                    record(
                        "rbac",
                        .changed,
                        at: 16_000,
                        after: 11_900,
                        waits: [
                            wait(.server, "API server 10.0.0.1:6443", "connection refused", from: 4100, to: 15_500)
                        ]
                    )
                ),
                task(
                    "crds",
                    after: [1],
                    .ended(.changed),
                    record("crds", .changed, at: 30_000, after: 2000, attempt: 2),
                    earlier: [attempt(.failed, at: 18_100, after: 2000)]
                ),
                task(
                    "node",
                    after: [2],
                    .running,
                    record(
                        "node",
                        nil,
                        at: 30_100,
                        waits: [wait(.object, "DaemonSet/kube-system/node", "ready: 0 of 1", from: 31_000)]
                    )
                ),
                task(
                    "link",
                    units: ["network-online.target"],
                    .ended(.unchanged),
                    record("link", .unchanged, at: 5610, after: 10)
                ),
                task("late", after: [3, 4], .waiting),
            ],
            clock: clock,
        )
        source.system = SystemTimes(
            boot: BootTimes(userspace: .seconds(1), unitsLoaded: .seconds(2), finished: nil),
            units: [
                unit("network-online.target", started: 5500, active: 5500),
                unit("kubelet.service", started: 3000, active: 3500),
                UnitTimes(
                    name: "k8s-bootstrap-rbac.service",
                    state: UnitState(load: "loaded", active: "active", sub: "exited"),
                    started: .milliseconds(4050),
                    active: .milliseconds(16_050),
                ),
            ],
        )
        return source
    }
}

/// The spans of a task, each as `work 4-5`, in seconds.
func spans(_ timeline: Timeline, _ name: String) -> [String] {
    (timeline.tasks.first { $0.name == name }?.spans ?? []).map { span in
        let times = [span.start, span.end].map { $0.map { seconds($0) } ?? "" }.joined(separator: "-")
        let words = [span.subject, span.reason, span.outcome?.rawValue].compactMap(\.self)
        return ([span.kind.rawValue, times] + words.map { "(\($0))" }).joined(separator: " ")
    }
}

private func seconds(_ duration: Duration) -> String {
    var text = duration.jsonSeconds
    while text.last == "0" { text.removeLast() }
    if text.last == "." { text.removeLast() }
    return text
}
