public import Base
import Execution
import Host

/// Reports a run to the systemd journal, each line as an entry with fields of its own.
///
/// A thread of its own sends entries, as the journal may block. Entries that it refuses go to standard error, the first
/// time with the reason.
public struct JournalSink: EventSink {
    /// Sends an entry; it may block.
    public typealias Sender = @Sendable ([(String, String)]) throws(SystemError) -> Void

    private struct Entry: Sendable {
        let fields: [(String, String)]
        let line: String
    }

    private let run: String
    private let queue: ThreadQueue<Entry>

    /// The entries that wait for the journal when lines of child processes' output are dropped.
    private static let backlogLimit = 10_000

    /// Creates a sink.
    ///
    /// - Parameters:
    ///   - output: Where entries go that the journal refuses.
    ///   - run: The identifier of the run.
    ///   - send: Sends an entry.
    public init(_ output: ConsoleOutput, run: String, send: @escaping Sender) {
        self.run = run
        let hasFailed = FailureFlag()
        queue = ThreadQueue { entry in
            do throws(SystemError) {
                try send(entry.fields)
            } catch {
                if hasFailed.setFirst() { output.write("nest-bootstrap: \(error)\n", to: .diagnostics) }
                output.write("\(entry.line)\n", to: .diagnostics)
            }
        }
    }

    /// Whether the journal is slow or stopped.
    public var isBehind: Bool { queue.count > Self.backlogLimit }

    /// Sends the entries of an event.
    public mutating func receive(_ event: ReportedEvent) {
        // The end of an only task says as much as the end of the run.
        if case .runFinished(let report) = event.event.kind, report.entries.count == 1 { return }
        for line in event.lines {
            queue.append(Entry(fields: journalEntry(line, event, run: run).fields, line: "\(line)"))
        }
    }

    /// Waits until the journal has taken all entries.
    public func flush(idleLimit: Duration, until deadline: ContinuousClock.Instant?) -> Bool {
        queue.drain(idleLimit: idleLimit, until: deadline)
    }
}

/// Whether an entry was refused before.
private final class FailureFlag: Sendable {
    private let isSet = Locked(false)

    /// Sets the flag, and returns whether it was not set.
    func setFirst() -> Bool {
        isSet.withLock { isSet in
            defer { isSet = true }
            return !isSet
        }
    }
}

/// Formats a line of an event as an entry.
func journalEntry(_ line: Line, _ event: ReportedEvent, run: String) -> JournalEntry {
    var entry = JournalEntry(
        event.event.messageID(of: line),
        line.description,
        priority: line.tone.priority,
        from: event.event.code
    )
    entry.add("NEST_RUN_ID", run)
    entry.add("NEST_TASK", line.task)
    entry.add("NEST_VERB", event.verb)
    entry.add("NEST_ATTEMPT", event.attempt.map { String($0) })
    switch event.event.kind {
    case .path(let path, _): entry.add("NEST_OBJECT", path)
    case .object(let object, _): entry.add("NEST_OBJECT", object)
    case .warning(let subject, _): entry.add("NEST_OBJECT", subject)
    case .objectFailed(let object, let error):
        entry.add("NEST_OBJECT", object)
        entry.add(journalFields(of: error))
    case .taskFinished(let outcome, let duration):
        if case .failed(let error) = outcome { entry.add(journalFields(of: error)) }
        // The errors of a task are entries before the one that ends it.
        if line.isDiagnostic { break }
        entry.add("NEST_OUTCOME", outcome.name)
        entry.add("NEST_DURATION_USEC", String(duration.microseconds))
        if case .skipped(let cause) = outcome { entry.add("NEST_DEPENDENCY", cause) }
    case .runStarted, .taskStarted, .waiting, .objectCount, .planned, .output, .runFinished: break
    }
    return entry
}

extension Event {
    /// The kind of the entry for a line of this event.
    fileprivate func messageID(of line: Line) -> MessageID {
        switch kind {
        case .waiting: .waiting
        case .path: .pathChanged
        case .object: .objectApplied
        case .objectFailed: .objectFailed
        case .warning: .warning
        case .output: .output
        case .taskFinished(let outcome, _): line.isDiagnostic ? .problem : outcome.messageID
        // Starts are not logged; systemd logs them.
        case .runStarted, .taskStarted, .objectCount, .planned, .runFinished: .runFinished
        }
    }
}

extension Outcome {
    /// The kind of the entry that ends a task.
    fileprivate var messageID: MessageID {
        switch self {
        case .changed: .taskChanged
        case .unchanged: .taskUnchanged
        case .failed: .taskFailed
        case .skipped: .taskSkipped
        case .interrupted: .taskInterrupted
        }
    }
}

extension Line.Tone {
    /// The priority by the numbers of syslog.
    fileprivate var priority: Int {
        switch self {
        case .error: 3
        case .warning, .skipped, .failed: 4
        case .changed, .summary: 5
        case .progress, .waiting, .output, .unchanged, .hunk, .added, .removed, .context: 6
        }
    }
}
