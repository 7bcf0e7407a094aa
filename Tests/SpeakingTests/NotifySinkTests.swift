import Execution
import Locking
import Testing

@testable import Speaking

/// What the service manager is told.
@Suite(.timeLimit(.minutes(1)))
struct NotifySinkTests {
    /// What was sent.
    private final class Told: Sendable {
        private let texts = Locked<[String]>([])
        var all: [String] { texts.withLock { $0 } }
        func add(_ text: String) { texts.withLock { $0.append(text) } }
    }

    private let told = Told()

    private func makeSink() -> NotifySink {
        NotifySink(timeouts: ["a": .seconds(600)]) { [told] text in told.add(text) }
    }

    private var all: [String] { told.all }

    @Test func `the deadline of the task is that of the unit`() {
        makeSink().receive(Event(task: "a", .taskStarted(verb: "apply")))
        #expect(all == ["EXTEND_TIMEOUT_USEC=615000000"])
    }

    @Test func `the status is what is waited for, and then how it ended`() {
        let sink = makeSink()
        sink.receive(Event(task: "a", .taskStarted(verb: "apply")))
        sink.receive(Event(task: "a", .waiting("127.0.0.1:6443: connection refused")))
        sink.tick()
        sink.tick()
        sink.receive(Event(task: "a", .waiting("/readyz: [-]etcd failed")))
        sink.tick()
        sink.receive(Event(task: "a", .object("ClusterRole/x", Event.ObjectResult(.created))))
        sink.receive(Event(task: "a", .taskFinished(.changed, after: .seconds(3))))
        sink.finish()
        #expect(
            Array(all.dropFirst()) == [
                "STATUS=waiting: 127.0.0.1:6443: connection refused",
                "STATUS=waiting (and 1 more): /readyz: [-]etcd failed",
                "STATUS=changed in 3.0 s (1 created)",
            ]
        )
    }

    @Test func `a failure stays as the status`() {
        let sink = makeSink()
        sink.receive(Event(task: "a", .taskStarted(verb: "file")))
        sink.receive(Event(task: "a", .taskFinished(.failed(Plain("no\nroom")), after: .milliseconds(5))))
        sink.finish()
        #expect(all.last == #"STATUS=failed in 5 ms: no\nroom"#)
    }

    @Test func `a dependency that has not succeeded is what is waited for`() {
        makeSink().obstructed(by: [Problem("task 'a' runs after 'b', which has not run on this boot", hint: "x")])
        #expect(all == ["STATUS=waiting: task 'a' runs after 'b', which has not run on this boot"])
    }

    @Test func `several tasks share the status`() {
        let sink = makeSink()
        for task in ["a", "b"] { sink.receive(Event(task: task, .taskStarted(verb: "wait"))) }
        sink.receive(Event(task: "b", .waiting("'/x': it does not exist")))
        sink.tick()
        #expect(all.last == "STATUS=a: wait; b: waiting: '/x': it does not exist")
    }

    @Test func `a tee tells all`() {
        let (first, second) = (Recorder(), Recorder())
        let tee = TeeSink([LineSink(first.outlet), LineSink(second.outlet)])
        tee.receive(Event(task: "a", .taskFinished(.unchanged, after: .zero)))
        #expect(first.text().hasPrefix("a: unchanged"))
        #expect(second.text() == first.text())
    }
}
