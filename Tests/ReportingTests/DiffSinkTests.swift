import Base
@testable import Planning
import Reporting
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(15)))
struct DiffSinkTests {
    private let recorder = Recorder()

    private func report(_ events: [Event], isColoured: Bool = false) {
        let reporter = Reporter(DiffSink(recorder.output, isColoured: isColoured), isDryRun: true)
        for event in events { reporter.receive(event) }
        reporter.finish()
    }

    @Test func `differences go to standard output, and everything else to standard error`() {
        let problem = Problem("no such kind", hint: "correct it")
        let outcomes: [(String, Outcome)] = [
            ("a", .changed), ("b", .unchanged), ("w", .unchanged), ("x", .changed), ("f", .failed(problem)),
        ]
        report([
            Event(.runStarted(["a", "b", "w", "x", "f"].map { .init(name: $0) })),
            Event(task: "a", .taskStarted(verb: "apply")),
            Event(task: "a", .waiting(Wait("server: refused"))),
            Event(task: "a", .object("ConfigMap/n/m", .init(.configured, diff: ["@@ -1 +1 @@", "-a: 1", "+a: 2"]))),
            Event(task: "a", .object("ConfigMap/n/new", .init(.created, diff: ["@@ -0,0 +1 @@", "+a: 1"]))),
            Event(task: "a", .object("ConfigMap/n/old", .init(.deleted))),
            Event(task: "a", .object("Job/n/j", .init(.replaced, diff: ["-a: 1", "+a: 2"], notes: ["deleted"]))),
            Event(task: "a", .object("ConfigMap/n/same", .init(.unchanged))),
            Event(task: "a", .object("Role/n/r", .init(.configured, changesOnlyManagers: true))),
            Event(task: "a", .object("ConfigMap/n/left", .init(.unchanged, notes: ["left to others"]))),
            Event(task: "a", .warning(subject: "ConfigMap/n/m", "deprecated")),
            Event(task: "a", .taskFinished(.changed, after: .zero)),
            Event(task: "b", .path("/etc/b", .unchanged)),
            Event(task: "b", .taskFinished(.unchanged, after: .zero)),
            Event(task: "w", .planned("would wait for unit 'u'")),
            Event(task: "w", .taskFinished(.unchanged, after: .zero)),
            Event(task: "x", .path("/etc/x", .init(.changed, diff: ["mode 0644 -> 0600"]))),
            Event(task: "x", .planned("would run 'ls'")),
            Event(task: "x", .taskFinished(.changed, after: .zero)),
            Event(task: "f", .taskFinished(.failed(problem), after: .zero)),
            Event(.runFinished(Report(entries: outcomes.map { .init(task: $0, outcome: $1, duration: .zero) }))),
        ])
        #expect(
            recorder.text() == """
                --- ConfigMap/n/m
                +++ ConfigMap/n/m (task 'a')
                @@ -1 +1 @@
                -a: 1
                +a: 2
                --- /dev/null
                +++ ConfigMap/n/new (task 'a')
                @@ -0,0 +1 @@
                +a: 1
                --- ConfigMap/n/old
                +++ /dev/null
                Job/n/j: deleted
                --- Job/n/j
                +++ Job/n/j (task 'a'; deleted and created again)
                -a: 1
                +a: 2
                --- Role/n/r
                +++ Role/n/r (task 'a')
                only field managers change
                ConfigMap/n/left: left to others
                --- /etc/x
                +++ /etc/x (task 'x')
                mode 0644 -> 0600
                task 'x' would run 'ls'
                unchanged: b
                5 tasks: 2 would change, 2 unchanged, 1 failed

                """
        )
        #expect(
            recorder.text(.diagnostics) == """
                a: waiting: server: refused
                a: warning: ConfigMap/n/m: deprecated
                f: error: no such kind; correct it
                f: failed

                """
        )
    }

    @Test func `lines are coloured on a terminal`() {
        report([Event(task: "a", .path("/x", .init(.changed, diff: ["@@ -1 +1 @@", "-a", "+b"])))], isColoured: true)
        let text = recorder.text()
        for line in ["\u{1b}[36m@@ -1 +1 @@\u{1b}[0m\n", "\u{1b}[31m-a\u{1b}[0m\n", "\u{1b}[32m+b\u{1b}[0m\n"] {
            #expect(text.contains(line))
        }
    }
}
