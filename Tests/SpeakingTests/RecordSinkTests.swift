import Execution
import Host
import Locking
import Testing
import YAML

@testable import Speaking

@Suite(.timeLimit(.minutes(3)))
struct RecordSinkTests {
    private static let problem = Diagnostic(
        Place(file: "a.yaml", mark: Mark(line: 2, column: 3)),
        "wrong \"type\"",
        hint: "type a number"
    )

    private static let events: [Event] = [
        Event(.runStarted(taskCount: 2)),
        Event(task: "a", .taskStarted(verb: "apply")),
        Event(task: "a", .waiting("server: refused")),
        Event(task: "a", .path("/etc/x", .unchanged)),
        Event(task: "a", .object("ConfigMap/x", .init(.configured, fields: [".data.a: 1 -> 2"]))),
        Event(task: "a", .objectFailed("ConfigMap/y", problem)),
        Event(task: "a", .warning(subject: "ConfigMap/x", "old")),
        Event(task: "a", .output("two\nlines")),
        Event(task: "a", .taskFinished(.failed(problem), after: .milliseconds(1500))),
        Event(task: "b", .taskFinished(.skipped(because: "a"), after: .zero)),
        Event(
            .runFinished(
                Report([
                    .init(task: "a", outcome: .failed(problem), duration: .milliseconds(1500)),
                    .init(task: "b", outcome: .skipped(because: "a"), duration: .zero),
                ])
            )
        ),
    ]

    @Test func `a run is told in JSON objects`() {
        let recorder = Recorder()
        let clock = SinkClock(milliseconds: { 1_700_000_000_123 }, uptime: { recorder.uptime() })
        let sink = JSONSink(recorder.outlet, run: "r1", clock: clock)
        for event in Self.events {
            sink.receive(event)
            recorder.pass(.milliseconds(200))
        }
        let head = #"{"time":"2023-11-14T22:13:20.123Z","run":"r1","event":"#
        let expected = """
            "run-started","tasks":2,"dryRun":false}
            "task-started","task":"a","verb":"apply"}
            "waiting","task":"a","message":"server: refused"}
            "path","task":"a","path":"/etc/x","result":"unchanged"}
            "object","task":"a","object":"ConfigMap/x","result":"configured","fields":[".data.a: 1 -> 2"]}
            "error","task":"a","object":"ConfigMap/y","message":"wrong \\"type\\"",\
            "place":{"file":"a.yaml","line":2,"column":3},"hint":"type a number"}
            "warning","task":"a","subject":"ConfigMap/x","message":"old"}
            "output","task":"a","message":"two\\nlines"}
            "task-finished","task":"a","outcome":"failed","durationSeconds":1.500,\
            "objects":{"created":0,"configured":1,"unchanged":0,"failed":1}}
            "task-finished","task":"b","outcome":"skipped","durationSeconds":0.000,"because":"a"}
            "run-finished","tasks":2,"changed":0,"unchanged":0,"failed":1,"skipped":1,"interrupted":0,"durationSeconds":2.000}
            """
        let lines = recorder.text().split(separator: "\n").map(String.init)
        #expect(lines.allSatisfy { $0.hasPrefix(head) })
        #expect(lines.map { String($0.dropFirst(head.count)) } == expected.split(separator: "\n").map(String.init))
        #expect(recorder.text(.diagnostics) == "")
    }

    @Test func `a run is told to the journal with fields`() {
        let entries = Locked<[String]>([])
        let recorder = Recorder()
        let sink = JournalSink(recorder.outlet, run: "r1") { fields in
            entries.withLock { $0.append(fields.map { "\($0.0)=\($0.1)" }.joined(separator: " ")) }
        }
        for event in Self.events { sink.receive(event) }
        let all = "SYSLOG_IDENTIFIER=nest-bootstrap NEST_RUN_ID=r1"
        let expected = [
            "MESSAGE=a: waiting: server: refused PRIORITY=6 \(all) NEST_TASK=a NEST_VERB=apply",
            "MESSAGE=a: ConfigMap/x configured PRIORITY=6 \(all) NEST_TASK=a NEST_VERB=apply NEST_OBJECT=ConfigMap/x",
            "MESSAGE=a:     .data.a: 1 -> 2 PRIORITY=6 \(all) NEST_TASK=a NEST_VERB=apply NEST_OBJECT=ConfigMap/x",
            "MESSAGE=a: error: a.yaml:2:3: ConfigMap/y: wrong \"type\"; type a number PRIORITY=3 \(all) NEST_TASK=a "
                + "NEST_VERB=apply NEST_OBJECT=ConfigMap/y",
            "MESSAGE=a: warning: ConfigMap/x: old PRIORITY=4 \(all) NEST_TASK=a NEST_VERB=apply",
            "MESSAGE=a: | two\\nlines PRIORITY=6 \(all) NEST_TASK=a NEST_VERB=apply",
            "MESSAGE=a: failed in 1.5 s (1 configured, 1 failed) PRIORITY=4 \(all) NEST_TASK=a NEST_VERB=apply "
                + "NEST_OUTCOME=failed NEST_DURATION_USEC=1500000",
            "MESSAGE=b: skipped: 'a' did not succeed PRIORITY=4 \(all) NEST_TASK=b NEST_OUTCOME=skipped "
                + "NEST_DURATION_USEC=0",
            "MESSAGE=2 tasks: 1 failed, 1 skipped PRIORITY=5 \(all)",
        ]
        #expect(entries.withLock { $0 } == expected)
        #expect(recorder.text(.diagnostics) == "")
    }

    @Test func `what the journal does not take is told on standard error, and why once`() {
        let recorder = Recorder()
        let sink = JournalSink(recorder.outlet, run: "r1") { _ throws(SystemError) in
            throw SystemError("cannot send to", "journal", code: 90)
        }
        sink.receive(Event(task: "a", .waiting("one")))
        sink.receive(Event(task: "a", .waiting("two")))
        #expect(
            recorder.text(.diagnostics) == """
                nest-bootstrap: cannot send to 'journal': Message too long
                a: waiting: one
                a: waiting: two

                """
        )
    }
}
