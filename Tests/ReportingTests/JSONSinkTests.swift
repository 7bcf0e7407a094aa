import Base
import Execution
import TestSupport
import Testing

@testable import Reporting

@Suite(.timeLimit(.minutes(5)))
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
            6,"event":"error","task":"a","object":"ConfigMap/y","message":"wrong \\"type\\"",\
            "place":{"file":"a.yaml","line":2,"column":3},"hint":"type a number"}
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

    @Test func `every line has a number of its own, and a gap where lines were left out`() throws {
        let recorder = Recorder()
        let events = EventQueue([JSONSink(recorder.output, run: "r")], limit: 3)
        let problems = Problems([Problem("one"), Problem("two")])
        events.send(Event(task: "a", .objectFailed("x", problems)))
        // The queue is full while its thread starts, or not at all: the numbers differ in any case.
        for _ in 0..<1000 { events.send(Event(task: "a", .output("line"))) }
        events.send(Event(task: "a", .waiting(Wait("x"))))
        events.send(Event(task: "a", .waiting(Wait("x"))))
        events.send(Event(task: "a", .taskFinished(.failed(problems), after: .zero)))
        events.finish(idleLimit: .seconds(600))
        let lines = recorder.text().split(separator: "\n")
        let numbers = lines.compactMap { $0.firstMatch(of: /"sequence":(\d+)/).flatMap { Int($0.1) } }
        #expect(numbers.count == lines.count)
        #expect(zip(numbers, numbers.dropFirst()).allSatisfy { $0 < $1 })
        #expect(numbers.first == 1)
        let warnings = lines.compactMap { $0.firstMatch(of: /output","message":"(\d+) lines? w/).flatMap { Int($0.1) } }
        #expect(numbers.last == lines.count + warnings.reduce(0, +))
    }
}
