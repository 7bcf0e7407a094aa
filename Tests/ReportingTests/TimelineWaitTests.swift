import Base
import Execution
import Host
import Testing

@testable import Reporting

/// What the messages of the journal say about waits.
@Suite(.timeLimit(.minutes(3)))
struct TimelineWaitTests {
    @Test(arguments: [
        ("API server 10.0.0.1:6443: connection refused (gives up at 10:00:00Z)", "server", "API server 10.0.0.1:6443"),
        ("the API server: not ready: check etcd has failed (gives up at 10:00:00Z)", "server", "the API server"),
        ("Lease/kube-system/nest-bootstrap-a: held by 'w2_1' since X", "lock", "Lease/kube-system/nest-bootstrap-a"),
        (
            "another nest-bootstrap is running this task (process 7)", "lock",
            "another nest-bootstrap is running this task (process 7)"
        ),
        ("'https://[::1]:8443/x': refused", "condition", "'https://[::1]:8443/x'"),
        ("unit 'k3s.service': activating (start)", "condition", "unit 'k3s.service'"),
        ("'k3s.service' is restarting", "condition", "'k3s.service' is restarting"),
        ("", "condition", ""),
    ])
    func `a message has a kind of wait and a subject`(text: String, kind: String, subject: String) {
        let span = TimelineSpan(waitingMessage: "a: waiting: \(text)", task: "a")
        #expect(span.kind.rawValue == kind)
        #expect(span.subject == subject)
        #expect(span.end == nil)
    }

    /// The waits of the one attempt in entries, each as `0.5-2 subject: reason`.
    private func waits(_ entries: [LoggedEntry]) -> [String] {
        (JournalAttempts(entries).attempts["a"]?.first?.waits ?? []).map { wait in
            let times = "\(wait.start / .seconds(1))-\(wait.end.map { "\($0 / .seconds(1))" } ?? "")"
            return "\(times) \(wait.subject ?? ""): \(wait.reason ?? "")"
        }
    }

    private func waiting(_ text: String, at time: Int) -> LoggedEntry {
        SampleBoot.entry("a", .waiting, at: time, "waiting: \(text)")
    }

    @Test func `a wait begins a second before it is reported, but not before the last entry`() {
        let entries = [
            SampleBoot.entry("a", .pathChanged, at: 5000), waiting("x: y", at: 5500), waiting("z: y", at: 9000),
            SampleBoot.end("a", .changed, at: 9500, after: 5000),
        ]
        #expect(waits(entries) == ["5.0-8.0 x: y", "8.0-9.5 z: y"])
    }

    @Test func `another reason for the same wait does not end it, and the one that held longest remains`() {
        let entries = [waiting("x: refused", at: 5000), waiting("x: no route", at: 7000)]
        #expect(waits(entries) == ["4.0- x: no route"])
        #expect(waits(entries + [SampleBoot.entry("a", .objectApplied, at: 8000)]) == ["4.0-8.0 x: refused"])
        #expect(waits(entries + [SampleBoot.entry("a", .objectApplied, at: 11_000)]) == ["4.0-11.0 x: no route"])
        let other = [waiting("y: refused", at: 9000), SampleBoot.end("a", .changed, at: 9500, after: 5500)]
        #expect(waits(entries + other) == ["4.0-8.0 x: refused", "8.0-9.5 y: refused"])
    }

    @Test func `an attempt with overlapping waits is divided without gaps`() {
        let attempt = TimelineAttempt(
            run: "r",
            start: .seconds(2),
            end: .seconds(10),
            outcome: .failed,
            waits: [
                TimelineSpan(.server, from: .seconds(1), to: .seconds(3)),
                TimelineSpan(.lock, from: .milliseconds(2500), to: .seconds(5)),
                TimelineSpan(.lock, from: .seconds(5), to: .seconds(5)),
                TimelineSpan(.condition, from: .seconds(8), to: nil),
            ],
        )
        let texts = attempt.spans.map { "\($0.kind) \($0.start / .seconds(1))-\(($0.end ?? .zero) / .seconds(1))" }
        #expect(texts == ["server 2.0-3.0", "lock 3.0-5.0", "work 5.0-8.0", "condition 8.0-10.0"])
        #expect(attempt.spans.map(\.outcome) == [nil, nil, nil, .failed])
    }
}
