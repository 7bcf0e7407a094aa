import Base
import Host
@testable import Planning
import TestSupport

@testable import Reporting

/// An output and clocks for tests.
final class Recorder: Sendable {
    private let written: Written
    private let time = Locked(Duration.zero)

    /// An output whose text this keeps.
    let output: ConsoleOutput

    init() {
        let written = Written()
        self.written = written
        let writer: ConsoleOutput.Writer = { bytes, stream in
            written.texts.withLock { $0.append((stream, String(decoding: bytes, as: UTF8.self))) }
        }
        output = ConsoleOutput(writer)
    }

    /// What was written so far.
    func text(_ stream: ConsoleOutput.Stream = .results) -> String {
        output.flush(idleLimit: .seconds(600))
        return written.texts.withLock { $0.filter { $0.0 == stream }.map(\.1).joined() }
    }

    /// The number of writes.
    var writeCount: Int {
        output.flush(idleLimit: .seconds(600))
        return written.texts.withLock { $0.count }
    }

    /// Lets time pass.
    func pass(_ duration: Duration) {
        time.withLock { $0 += duration }
    }

    /// The time that has passed.
    func uptime() -> Duration { time.withLock { $0 } }

    private final class Written: Sendable {
        let texts = Locked<[(ConsoleOutput.Stream, String)]>([])
    }
}

/// A sink with a reporter in front of it, which takes events as a run emits them.
final class Reporter {
    private var reporter: RunReporter
    private let sink: any EventSink
    private let uptime: () -> Duration

    init(_ sink: any EventSink, isDryRun: Bool = false, uptime: @escaping () -> Duration = { .zero }) {
        self.sink = sink
        self.uptime = uptime
        reporter = RunReporter([sink], isDryRun: isDryRun)
    }

    func receive(_ event: Event, attempt: Int? = nil) {
        reporter.handle(.event(event, milliseconds: 1_700_000_000_123, uptime: uptime()))
        guard case .taskStarted = event.kind, let attempt, let task = event.task else { return }
        reporter.handle(.attempt(attempt, task: task))
    }

    func tick() { reporter.handle(.tick(uptime())) }

    func runBlocked(by problems: [Problem]) { reporter.handle(.runBlocked(problems)) }

    func finish() {
        reporter.handle(.finish)
        _ = sink.flush(idleLimit: .seconds(600), until: nil)
    }
}

/// An error that is nothing but its text.
struct Plain: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// A run of two tasks, with an event of every kind.
enum SampleRun {
    /// What is wrong with one object.
    static let problem = {
        let position = SourceLocation.Position(line: 2, column: 3)
        let location = SourceLocation(file: "a.yaml", position: position)
        var problem = Problem("ConfigMap/y: wrong \"type\"", at: location, hint: "type a number")
        problem.reason = "wrong \"type\""
        return problem
    }()

    /// What happens.
    static let events: [Event] = [
        Event(.runStarted([.init(name: "a"), .init(name: "b", dependencies: [0])])),
        Event(task: "a", .taskStarted(verb: "apply")),
        Event(task: "a", .waiting(Wait("server: refused"))),
        Event(task: "a", .path("/etc/x", .unchanged)),
        Event(task: "a", .object("ConfigMap/x", .init(.configured, fields: [".data.a: 1 -> 2"]))),
        Event(task: "a", .objectFailed(.init("ConfigMap/y", [problem]))),
        Event(task: "a", .warning(subject: "ConfigMap/x", "old")),
        Event(task: "a", .output("two\nlines")),
        Event(task: "a", .taskFinished(.failed(problem), after: .milliseconds(1500))),
        Event(task: "b", .taskFinished(.skipped(because: ["a"]), after: .zero)),
        Event(
            .runFinished(
                Report(entries: [
                    .init(task: "a", outcome: .failed(problem), duration: .milliseconds(1500)),
                    .init(task: "b", outcome: .skipped(because: ["a"]), duration: .zero),
                ])
            )
        ),
    ]
}
