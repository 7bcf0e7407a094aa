import Base
import Execution
import Host
import Testing

@testable import Reporting

/// What the entries of the journal say about waits.
@Suite(.timeLimit(.minutes(30)))
struct TimelineWaitTests {
    @Test(arguments: [("server", "server"), ("object", "condition"), ("lock", "lock"), ("condition", "condition")])
    func `an entry says what kind of wait it is about, its subject and reason`(kind: String, span: String) throws {
        let fields: KeyValuePairs = [
            "NEST_WAIT": kind, "NEST_OBJECT": "x: y (gives up at z)", "NEST_REASON": "refused",
        ]
        let entries = [SampleBoot.entry("a", .waiting, at: 5000, "", fields)]
        let wait = try #require(JournalAttempts(entries).attempts["a"]?.first?.waits.first)
        #expect(wait.kind.rawValue == span)
        #expect(wait.subject == "x: y (gives up at z)")
        #expect(wait.reason == "refused")
    }

    @Test func `an entry without fields is a wait for something`() throws {
        let entries = [SampleBoot.entry("a", .waiting, at: 5000, "waiting: x")]
        let wait = try #require(JournalAttempts(entries).attempts["a"]?.first?.waits.first)
        #expect(wait.kind == .condition && wait.subject == nil && wait.subjectWords == "something")
    }

    @Test func `a rollout is one wait, for the object that was ready last`() {
        func rollout(_ object: String, at time: Int, _ reason: String) -> LoggedEntry {
            var entry = waiting("Deployment/\(object): \(reason)", at: time)
            entry.fields["NEST_WAIT_ALL"] = "1"
            return entry
        }
        let entries = [
            SampleBoot.entry("a", .objectApplied, at: 2000), rollout("one", at: 5000, "0 of 1; Deployment/two: 0 of 1"),
            rollout("two", at: 12_000, "0 of 1"), rollout("two", at: 13_000, "1 of 1, 1 old"),
            SampleBoot.end("a", .changed, at: 19_000, after: 17_000),
        ]
        #expect(waits(entries) == ["4.0-19.0 Deployment/two: 1 of 1, 1 old"])
    }

    /// The waits of the one attempt in entries, each as `0.5-2 subject: reason`.
    private func waits(_ entries: [LoggedEntry]) -> [String] {
        (JournalAttempts(entries).attempts["a"]?.first?.waits ?? []).map { wait in
            let times = "\(wait.start / .seconds(1))-\(wait.end.map { "\($0 / .seconds(1))" } ?? "")"
            return "\(times) \(wait.subject ?? ""): \(wait.reason ?? "")"
        }
    }

    private func waiting(_ text: String, at time: Int) -> LoggedEntry {
        SampleBoot.waiting("a", at: time, text)
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
