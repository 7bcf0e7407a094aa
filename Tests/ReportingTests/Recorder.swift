import Base
import Execution
import Host

@testable import Reporting

/// An output and clocks for tests.
final class Recorder: Sendable {
    private let written: Written
    private let time = Locked(Duration.zero)

    /// An output whose text this keeps.
    let output: ConsoleOutput

    init(isUTF8: Bool = true) {
        let written = Written()
        self.written = written
        let writer: ConsoleOutput.Writer = { bytes, stream in
            written.texts.withLock { $0.append((stream, String(decoding: bytes, as: UTF8.self))) }
        }
        output = ConsoleOutput(writer, isUTF8: isUTF8)
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
    private var number = 0

    init(_ sink: any EventSink, isDryRun: Bool = false, uptime: @escaping () -> Duration = { .zero }) {
        self.sink = sink
        self.uptime = uptime
        reporter = RunReporter([sink], isDryRun: isDryRun)
    }

    func receive(_ event: Event, attempt: Int? = nil) {
        number += 1
        let time: Int64 = 1_700_000_000_123
        reporter.receive(StampedEvent(event: event, number: number, milliseconds: time, uptime: uptime()))
        guard case .taskStarted = event.kind, let attempt, let task = event.task else { return }
        reporter.note(attempt: attempt, of: task)
    }

    func tick() { reporter.tick(at: uptime()) }

    func runBlocked(by problems: [Problem]) { reporter.runBlocked(by: problems) }

    func finish() {
        reporter.finish()
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
