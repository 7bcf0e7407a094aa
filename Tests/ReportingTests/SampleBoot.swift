import Base
import Execution
import Host
import State
import TestSupport

@testable import Reporting

/// A boot of a node whose tasks wait, fail and run, made of what a machine would have.
enum SampleBoot {
    /// When the node is looked at: 60 s after its start at 2026-01-01T10:00:00Z.
    static let clock = BootClock(sinceBoot: .seconds(60), suspended: .zero, sinceEpoch: .seconds(1_767_261_660))

    /// The record of an attempt that has ended, in milliseconds since the boot.
    static func record(
        _ task: String,
        _ outcome: Outcome.Kind?,
        at end: Int64,
        after duration: Int64 = 0,
        attempt: Int = 1,
        history: TaskHistory = TaskHistory(),
        run: String = "r1",
    ) -> TaskRecord {
        TaskRecord(
            task: task,
            verb: "exec",
            outcome: outcome,
            time: Timestamp(seconds: 1_767_261_600 + end / 1000),
            uptimeMilliseconds: end,
            durationMicroseconds: duration * 1000,
            attempt: attempt,
            history: history,
            run: run,
        )
    }

    /// How an earlier run of a task ended, in milliseconds since the boot.
    static func runEnd(_ outcome: Outcome.Kind, at end: Int64, after duration: Int, attempt: Int) -> RunEnd {
        RunEnd(
            outcome: outcome,
            time: Timestamp(seconds: 0),
            uptimeMilliseconds: end,
            duration: .milliseconds(duration),
            attempt: attempt,
        )
    }

    /// A task with its record.
    static func task(
        _ name: String,
        after dependencies: [Int] = [],
        units: [String] = [],
        _ state: TaskState,
        _ record: TaskRecord? = nil,
        description: String? = nil,
        retriesIn: Duration? = nil,
    ) -> TimelineSource.TaskFacts {
        var status = TaskStatus(task: name, state: state)
        status.retriesIn = retriesIn
        return TimelineSource.TaskFacts(
            name: name,
            description: description,
            dependencies: dependencies,
            units: units,
            status: status,
            record: record,
        )
    }

    /// An entry of the journal about a task, in milliseconds since the boot.
    static func entry(
        _ task: String,
        _ kind: MessageID,
        at time: Int,
        _ message: String = "",
        run: String = "r1",
        _ more: KeyValuePairs<String, String> = [:],
    ) -> LoggedEntry {
        var fields = [
            "NEST_TASK": task, "NEST_RUN_ID": run, "NEST_ATTEMPT": "1", "MESSAGE_ID": kind.rawValue,
            "MESSAGE": "\(task): \(message)", "_UID": "0",
        ]
        for (name, value) in more { fields[name] = value }
        return LoggedEntry(sinceBoot: .milliseconds(time), fields: fields)
    }

    /// An entry about a wait.
    static func waiting(_ task: String, at time: Int, _ text: String, run: String = "r1") -> LoggedEntry {
        let wait = Wait(text)
        var entry = entry(task, .waiting, at: time, "waiting: \(text)", run: run)
        entry.fields["NEST_WAIT"] = wait.subject.kind.rawValue
        entry.fields["NEST_OBJECT"] = wait.subject.text
        entry.fields["NEST_REASON"] = wait.reason
        return entry
    }

    /// The last entry of an attempt, in milliseconds.
    static func end(
        _ task: String,
        _ outcome: Outcome.Kind,
        at time: Int,
        after duration: Int,
        run: String = "r1",
        _ more: KeyValuePairs<String, String> = [:],
    ) -> LoggedEntry {
        let kinds: [Outcome.Kind: MessageID] = [
            .changed: .taskChanged, .unchanged: .taskUnchanged, .failed: .taskFailed, .skipped: .taskSkipped,
            .interrupted: .taskInterrupted,
        ]
        var entry = entry(task, kinds[outcome] ?? .taskChanged, at: time, outcome.rawValue, run: run, more)
        entry.fields["NEST_OUTCOME"] = outcome.rawValue
        entry.fields["NEST_DURATION_USEC"] = "\(duration * 1000)"
        return entry
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
                task("rbac", after: [0], .ended(.changed), record("rbac", .changed, at: 16_000, after: 11_900)),
                task(
                    "crds",
                    after: [1],
                    .ended(.changed),
                    record("crds", .changed, at: 30_000, after: 2000, attempt: 2, run: "r2")
                ),
                task("node", after: [2], .running, record("node", nil, at: 30_100)),
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
        source.entries = [
            end("kubeconfig", .changed, at: 4013, after: 12),
            waiting("rbac", at: 5100, "API server 10.0.0.1:6443: connection refused (gives up at 10:10:04Z)"),
            end("link", .unchanged, at: 5611, after: 10),
            entry("rbac", .objectApplied, at: 15_500, "ClusterRole/a created"),
            end("rbac", .changed, at: 16_001, after: 11_900),
            end("crds", .failed, at: 18_100, after: 2000),
            end("crds", .changed, at: 30_001, after: 2000, run: "r2"),
            waiting("node", at: 32_000, "DaemonSet/kube-system/node: ready: 0 of 1 (gives up at 10:10:30Z)"),
        ]
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

    /// A boot that is over, in which `b` failed twice, at last because of its API server, and `c` was skipped.
    static var finished: TimelineSource {
        var source = TimelineSource(
            tasks: [
                task("a", units: ["k3s.service"], .ended(.changed), record("a", .changed, at: 9500, after: 500)),
                task(
                    "b",
                    after: [0],
                    .ended(.failed),
                    record("b", .failed, at: 20_000, after: 4000, attempt: 2, run: "r2"),
                    description: "Apply <b> & \"c\"",
                ),
                task("c", after: [1], .ended(.skipped), record("c", .skipped, at: 20_000)),
            ],
            clock: clock,
        )
        source.entries = [
            end("a", .changed, at: 9501, after: 500),
            end("b", .failed, at: 12_000, after: 2000),
            waiting("b", at: 18_000, "API server 10.0.0.1:6443: connection refused", run: "r2"),
            entry("b", .objectFailed, at: 19_000, "ConfigMap/x: invalid", run: "r2"),
            end("b", .failed, at: 20_001, after: 4000, run: "r2"),
        ]
        source.system = SystemTimes(
            boot: BootTimes(userspace: .milliseconds(500), unitsLoaded: .seconds(1), finished: .seconds(25)),
            units: [
                unit("k3s.service", started: 2000, active: 9000),
                unit("multi-user.target", started: 58_000, active: 58_000),
            ],
        )
        return source
    }
}

/// The spans of a task, each as `work 4-5`, in seconds.
func spans(_ timeline: Timeline, _ name: String) -> [String] {
    (timeline.task(name)?.spans ?? []).map { span in
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
