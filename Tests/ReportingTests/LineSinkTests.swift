import Base
@testable import Planning
@testable import Reporting
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(15)))
struct LineSinkTests {
    private let recorder = Recorder()

    private func report(_ events: [Event], isDryRun: Bool = false) {
        let reporter = Reporter(LineSink(output: recorder.output), isDryRun: isDryRun)
        for event in events { reporter.receive(event) }
        reporter.finish()
    }

    private func report(_ script: String, isDryRun: Bool = false) {
        let events = Script(script, after: []).steps.compactMap {
            if case .event(let event) = $0 { event } else { nil }
        }
        report(events, isDryRun: isDryRun)
    }

    @Test func `objects that wait for the same thing are one line`() {
        let reason = "connection refused; waiting since 08:00:00Z, until 08:10:00Z"
        let later = "connection refused; waiting since 08:05:00Z, until 08:10:00Z"
        let waits = [
            "ConfigMap/a: \(reason)", "ConfigMap/b: \(reason)", "ConfigMap/b: \(later)", "gate 'x': \(reason)",
        ]
        report(waits.map { Event(task: "t", .waiting(Wait($0))) })
        let expected = [waits[0], waits[2], waits[3]].map { "t: waiting: \($0)\n" }
        #expect(recorder.text() == expected.joined())
    }

    @Test func `a run is reported in lines, with results and errors apart`() {
        report(
            """
            tasks kubeconfig, crds, seed, pool
            kubeconfig start kubeconfig
            kubeconfig path /etc/admin.kubeconfig created
            kubeconfig path /etc/other unchanged
            kubeconfig end changed 12ms
            crds start apply
            crds wait server: refused
            crds wait server: starting
            crds wait server: refused
            crds object CustomResourceDefinition/a created
            crds object CustomResourceDefinition/b unchanged
            crds warn CustomResourceDefinition/a: deprecated
            crds fail DaemonSet/node: unknown field 'hostNetwrok'
            crds end failed 1234ms unknown field
            seed print step 1\u{1b}[2J
            seed end unchanged 2s
            pool end skipped crds
            done
            """
        )
        #expect(
            recorder.text() == """
                kubeconfig: /etc/admin.kubeconfig created
                kubeconfig: changed in 12 ms
                crds: waiting: server: refused
                crds: waiting: server: starting
                crds: CustomResourceDefinition/a created
                crds: failed in 1.2 s (1 created, 1 unchanged, 1 failed)
                seed: | step 1\\x1b[2J
                seed: unchanged in 2 s
                pool: skipped: 'crds' did not succeed
                4 tasks: 1 changed, 1 unchanged, 1 failed, 1 skipped

                """
        )
        #expect(
            recorder.text(.diagnostics) == """
                crds: warning: CustomResourceDefinition/a: deprecated
                crds: error: DaemonSet/node: unknown field 'hostNetwrok'
                crds: error: unknown field

                """
        )
    }

    @Test func `a dry run reports what would be done`() {
        let object = ObjectResult(
            .configured,
            fields: ["data.mtu: 1400 -> 1230"],
            diff: ["@@ -1,2 +1,2 @@", " data:", "-  mtu: 1400 ", "+  mtu: 1230"]
        )
        let outcomes: [(String, Outcome)] = [
            ("cni", .changed), ("pki", .unchanged), ("net", .unchanged), ("api", .unchanged), ("run", .changed),
        ]
        report(
            [
                Event(task: "cni", .taskStarted(verb: "file")),
                Event(task: "cni", .path("/etc/cni", .init(.changed, diff: ["mode 0644 -> 0600"]))),
                Event(task: "cni", .object("ConfigMap/kube-system/a", object)),
                Event(task: "cni", .object("ConfigMap/kube-system/b", .init(.created, diff: ["+x"]))),
                Event(task: "cni", .object("ConfigMap/kube-system/c", .init(.unchanged))),
                Event(task: "cni", .object("ConfigMap/kube-system/d", .init(.deleted))),
                Event(task: "cni", .object("Role/kube-system/e", .init(.configured, changesOnlyManagers: true))),
                Event(task: "cni", .taskFinished(.changed, after: .seconds(1))),
                Event(task: "pki", .taskFinished(.unchanged, after: .seconds(1))),
                Event(task: "net", .taskFinished(.unchanged, after: .seconds(1))),
                Event(task: "api", .planned("would wait for unit 'a'")),
                Event(task: "api", .taskFinished(.unchanged, after: .seconds(1))),
                Event(task: "run", .planned("would run 'ls'")),
                Event(task: "run", .taskFinished(.changed, after: .seconds(1))),
                Event(
                    .runFinished(Report(entries: outcomes.map { .init(task: $0, outcome: $1, duration: .seconds(1)) }))
                ),
            ],
            isDryRun: true
        )
        #expect(
            recorder.text() == """
                cni: /etc/cni would be changed
                    mode 0644 -> 0600
                cni: ConfigMap/kube-system/a would be configured
                    @@ -1,2 +1,2 @@
                     data:
                    -  mtu: 1400\\x20
                    +  mtu: 1230
                cni: ConfigMap/kube-system/b would be created
                cni: ConfigMap/kube-system/d would be deleted
                cni: Role/kube-system/e would be configured (only field managers)
                cni: 1 object would be created, 2 changed, 1 deleted
                api: would wait for unit 'a'
                run: would run 'ls'
                unchanged: pki, net
                5 tasks: 2 would change, 3 unchanged

                """
        )
    }

    @Test func `a dry run that fails names what did not fail as well`() {
        let script = "a start file\na end failed 1s no\nb start file\nb end failed 1s no\nc end skipped a b\ndone"
        report(script, isDryRun: true)
        #expect(
            recorder.text()
                == "a: failed\nb: failed\nc: skipped: 'a' and 'b' did not succeed\n3 tasks: 2 failed, 1 skipped\n"
        )
        #expect(recorder.text(.diagnostics) == "a: error: no\nb: error: no\n")
    }

    @Test func `an interrupted task is reported as one`() {
        report("crds start apply\ncrds end interrupted 90s\nnode end interrupted")
        #expect(recorder.text() == "crds: interrupted in 1m 30s\nnode: not started (interrupted)\n")
    }
}
