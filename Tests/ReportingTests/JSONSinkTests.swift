import Base
import Planning
import TestSupport
import Testing

@testable import Reporting

@Suite(.timeLimit(.minutes(15)))
struct JSONSinkTests {
    @Test func `a run is reported in JSON objects`() {
        let recorder = Recorder()
        let reporter = Reporter(JSONSink(recorder.output, run: "r1"), uptime: recorder.uptime)
        for event in SampleRun.events {
            reporter.receive(event)
            recorder.pass(.milliseconds(200))
        }
        let head = #"{"version":1,"time":"2023-11-14T22:13:20.123Z","run":"r1","sequence":"#
        let expected = """
            1,"event":"run-started","tasks":2,"dryRun":false}
            2,"event":"task-started","task":"a","verb":"apply"}
            3,"event":"waiting","task":"a","message":"server: refused","kind":"condition",\
            "subject":"server","reason":"refused"}
            4,"event":"path","task":"a","path":"/etc/x","result":"unchanged"}
            5,"event":"object","task":"a","object":"ConfigMap/x","result":"configured","fields":[".data.a: 1 -> 2"]}
            6,"event":"error","task":"a","object":"ConfigMap/y","message":"ConfigMap/y: wrong \\"type\\"",\
            "place":{"file":"a.yaml","line":2,"column":3},"hint":"type a number","cause":"wrong \\"type\\""}
            7,"event":"warning","task":"a","subject":"ConfigMap/x","message":"old"}
            8,"event":"output","task":"a","message":"two\\nlines"}
            9,"event":"task-finished","task":"a","outcome":"failed","started":true,"durationSeconds":1.500,\
            "objects":{"created":0,"configured":1,"deleted":0,"unchanged":0,"failed":1}}
            10,"event":"task-finished","task":"b","outcome":"skipped","started":false,"durationSeconds":0.000,"because":"a"}
            11,"event":"run-finished","tasks":2,"changed":0,"unchanged":0,"failed":1,"skipped":1,"interrupted":0,"durationSeconds":2.000}
            """
        let lines = recorder.text().split(separator: "\n").map(String.init)
        #expect(lines.allSatisfy { $0.hasPrefix(head) })
        #expect(lines.map { String($0.dropFirst(head.count)) } == expected.split(separator: "\n").map(String.init))
        #expect(recorder.text(.diagnostics) == "")
    }

    @Test func `every line has a number of its own`() {
        let recorder = Recorder()
        let reporter = Reporter(JSONSink(recorder.output, run: "r"))
        reporter.receive(Event(task: "a", .objectFailed(.init("x", [Problem("one"), Problem("two")]))))
        reporter.receive(Event(task: "a", .output("line")))
        let numbers = recorder.text().matches(of: /"sequence":(\d+)/).compactMap { Int($0.1) }
        #expect(numbers.count == 3 && zip(numbers, numbers.dropFirst()).allSatisfy { $0 < $1 }, "\(numbers)")
    }
}
