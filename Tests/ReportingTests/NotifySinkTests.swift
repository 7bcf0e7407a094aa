import Base
import Glibc
import Planning
@testable import Reporting
import TestSupport
import Testing

/// What is sent to the service manager.
@Suite(.timeLimit(.minutes(15)))
struct NotifySinkTests {
    /// What was sent.
    private final class Sent: Sendable {
        private let texts = Locked<[String]>([])
        var all: [String] { texts.withLock { $0 } }
        func add(_ text: String) { texts.withLock { $0.append(text) } }
    }

    private let sent = Sent()
    private let sink: NotifySink

    init() {
        sink = NotifySink { [sent] text in sent.add(text) }
    }

    private func makeSink() -> Reporter { Reporter(sink) }

    /// Everything that was sent, by a thread of its own.
    private var all: [String] {
        _ = sink.flush(idleLimit: .seconds(600), until: nil)
        return sent.all
    }

    @Test func `a service manager that takes nothing delays no event, and gets no flood afterwards`() {
        let isOpen = Locked(false)
        let sent = Sent()
        let sink = NotifySink { text in
            while !isOpen.withLock({ $0 }) { usleep(1000) }
            sent.add(text)
        }
        let reporter = Reporter(sink)
        reporter.receive(Event(task: "a", .taskStarted(verb: "apply")))
        for number in 0..<1000 {
            reporter.receive(Event(task: "a", .waiting(Wait("x: \(number)"))))
            reporter.tick()
        }
        isOpen.withLock { $0 = true }
        reporter.finish()
        // One more if the first has gone out before the end adds the last one.
        #expect((10...11).contains(sent.all.count))
    }

    @Test func `the status is what the task waits for, and then how it ended`() {
        let sink = makeSink()
        sink.receive(Event(task: "a", .taskStarted(verb: "apply")))
        sink.receive(Event(task: "a", .waiting(Wait("127.0.0.1:6443: connection refused"))))
        sink.tick()
        sink.tick()
        sink.receive(Event(task: "a", .waiting(Wait("/readyz: [-]etcd failed"))))
        sink.tick()
        sink.receive(Event(task: "a", .object("ClusterRole/x", ObjectResult(.created))))
        sink.receive(Event(task: "a", .taskFinished(.changed, after: .seconds(3))))
        sink.finish()
        #expect(
            all == [
                "STATUS=waiting: 127.0.0.1:6443: connection refused",
                "STATUS=waiting (and 1 more): /readyz: [-]etcd failed",
                "STATUS=changed in 3 s (1 created)",
            ]
        )
    }

    @Test func `a failure, or a dependency that has not succeeded, stays as the status`() {
        let sink = makeSink()
        sink.receive(Event(task: "a", .taskStarted(verb: "file")))
        sink.receive(Event(task: "a", .taskFinished(.failed(Plain("no\nroom")), after: .milliseconds(5))))
        sink.finish()
        #expect(all.last == #"STATUS=failed in 5 ms: no\nroom"#)
        makeSink().runBlocked(by: [Problem("task 'a' runs after 'b', which has not run on this boot", hint: "x")])
        #expect(all.last == "STATUS=waiting: task 'a' runs after 'b', which has not run on this boot")
    }

    @Test func `what programs print, and what only root may read, is not in the status`() {
        let sink = makeSink()
        sink.receive(Event(task: "a", .taskStarted(verb: "exec")))
        sink.receive(Event(task: "a", .output("https://u:MARKER@h")))
        sink.tick()
        let secret = Problem(
            "'sh -c MARKER' exited with status 1",
            hint: "MARKER",
            publicMessage: "its program failed"
        )
        sink.receive(Event(task: "a", .objectFailed(.init("ConfigMap/x", [secret]))))
        sink.receive(Event(task: "a", .taskFinished(.failed(secret), after: .milliseconds(5))))
        sink.finish()
        #expect(
            all == ["STATUS=exec", "STATUS=failed in 5 ms (1 failed): its program failed"]
        )
    }
}
