import Execution
import Host
import Locking
import Testing
import YAML

@testable import Speaking

@Suite(.timeLimit(.minutes(3)))
struct RecordSinkTests {
    @Test func `a run is told in JSON objects`() {
        let recorder = Recorder()
        let clock = SinkClock(milliseconds: { 1_700_000_000_123 }, uptime: { recorder.uptime() })
        let sink = JSONSink(recorder.outlet, run: "r1", clock: clock)
        for event in SampleRun.events {
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
}
