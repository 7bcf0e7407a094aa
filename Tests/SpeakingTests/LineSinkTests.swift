import Execution
import Speaking
import Testing
import YAML

@Suite(.timeLimit(.minutes(3)))
struct LineSinkTests {
    private let recorder = Recorder()

    private func tell(_ events: [Event], isDryRun: Bool = false) {
        let sink = LineSink(recorder.outlet, isDryRun: isDryRun)
        for event in events { sink.receive(event) }
        sink.finish()
    }

    private static let misspelt = Diagnostics([
        Diagnostic(
            Place(file: "node.yaml", mark: Mark(line: 12, column: 7)),
            "unknown field 'hostNetwrok'",
            hint: "did you mean 'hostNetwork'?",
        )
    ])

    @Test func `objects that wait for the same thing are one line`() {
        let reason = "connection refused; waiting since 08:00:00Z, until 08:10:00Z"
        let later = "connection refused; waiting since 08:05:00Z, until 08:10:00Z"
        let waits = [
            "ConfigMap/a: \(reason)", "ConfigMap/b: \(reason)", "ConfigMap/b: \(later)", "gate 'x': \(reason)",
        ]
        tell(waits.map { Event(task: "t", .waiting($0)) })
        let told = [waits[0], waits[2], waits[3]].map { "t: waiting: \($0)\n" }
        #expect(recorder.text() == told.joined())
    }

    @Test func `a run is told in lines, results and errors apart`() {
        tell([
            Event(.runStarted(taskCount: 4)),
            Event(task: "kubeconfig", .taskStarted(verb: "kubeconfig")),
            Event(task: "kubeconfig", .path("/etc/admin.kubeconfig", .created)),
            Event(task: "kubeconfig", .path("/etc/other", .unchanged)),
            Event(task: "kubeconfig", .taskFinished(.changed, after: .milliseconds(12))),
            Event(task: "crds", .taskStarted(verb: "apply")),
            Event(task: "crds", .waiting("server: refused")),
            Event(task: "crds", .waiting("server: starting")),
            Event(task: "crds", .waiting("server: refused")),
            Event(task: "crds", .object("CustomResourceDefinition/a", .init(.created))),
            Event(task: "crds", .object("CustomResourceDefinition/b", .init(.unchanged))),
            Event(task: "crds", .warning(subject: "CustomResourceDefinition/a", "deprecated")),
            Event(task: "crds", .objectFailed("DaemonSet/node", Self.misspelt)),
            Event(task: "crds", .taskFinished(.failed(Self.misspelt), after: .milliseconds(1234))),
            Event(task: "seed", .output("step 1\u{1b}[2J")),
            Event(task: "seed", .taskFinished(.unchanged, after: .seconds(2))),
            Event(
                .runFinished(
                    Report([
                        .init(task: "kubeconfig", outcome: .changed, duration: .milliseconds(12)),
                        .init(task: "crds", outcome: .failed(Self.misspelt), duration: .milliseconds(1234)),
                        .init(task: "seed", outcome: .unchanged, duration: .seconds(2)),
                        .init(task: "pool", outcome: .skipped(because: "crds"), duration: .zero),
                    ])
                )
            ),
        ])
        #expect(
            recorder.text() == """
                kubeconfig: /etc/admin.kubeconfig created
                kubeconfig: changed in 12 ms
                crds: waiting: server: refused
                crds: waiting: server: starting
                crds: CustomResourceDefinition/a created
                crds: failed in 1.2 s (1 created, 1 unchanged, 1 failed)
                seed: | step 1\\x1b[2J
                seed: unchanged in 2.0 s
                pool: skipped: 'crds' did not succeed
                4 tasks: 1 changed, 1 unchanged, 1 failed, 1 skipped

                """
        )
        #expect(
            recorder.text(.diagnostics) == """
                crds: warning: CustomResourceDefinition/a: deprecated
                crds: error: node.yaml:12:7: DaemonSet/node: unknown field 'hostNetwrok'; did you mean 'hostNetwork'?

                """
        )
    }

    @Test func `a dry run tells what would be done`() {
        let fields = [".data.mtu: 1400 -> 1230", ".data.a: nothing -> 1"]
        tell(
            [
                Event(task: "cni", .path("/etc/cni", .changed)),
                Event(task: "cni", .object("ConfigMap/kube-system/a", .init(.configured, fields: fields))),
                Event(task: "cni", .object("ConfigMap/kube-system/b", .init(.created))),
                Event(task: "cni", .taskFinished(.changed, after: .seconds(1))),
                Event(.runFinished(Report([.init(task: "cni", outcome: .changed, duration: .seconds(1))]))),
            ],
            isDryRun: true
        )
        #expect(
            recorder.text() == """
                cni: /etc/cni would be changed
                cni: ConfigMap/kube-system/a would be configured
                cni:     .data.mtu: 1400 -> 1230
                cni:     .data.a: nothing -> 1
                cni: ConfigMap/kube-system/b would be created
                cni: would change in 1.0 s (1 would be created, 1 would be configured)
                1 task: 1 would change

                """
        )
    }

    @Test func `a run of nothing says so`() {
        tell([Event(.runFinished(Report([])))])
        #expect(recorder.text() == "no task to run\n")
    }

    @Test func `an interrupted task says so`() {
        tell([Event(task: "crds", .taskFinished(.interrupted, after: .seconds(90)))])
        #expect(recorder.text() == "crds: interrupted in 1m 30s\n")
    }

    @Test func `lines of many threads stay whole`() async {
        let sink = LineSink(recorder.outlet)
        await withTaskGroup { group in
            for task in 0..<8 {
                group.addTask {
                    for number in 0..<100 { sink.receive(Event(task: "t\(task)", .output("line \(number)"))) }
                }
            }
        }
        let lines = recorder.text().split(separator: "\n")
        #expect(lines.count == 800)
        #expect(Set(lines).count == 800)
        #expect(lines.allSatisfy { $0.contains(": | line ") })
    }
}
