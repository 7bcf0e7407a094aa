public import Base
import Host
import Planning

/// The maximum number of dependencies in one entry, because the journal limits the number of fields.
private let dependencyLimit = 16

/// A sink that reports a run to the systemd journal, with one structured entry per line.
struct JournalSink: EventSink {
    /// The output for entries that the journal refuses.
    let output: ConsoleOutput
    let run: String
    let journal: JournalQueue

    var isBehind: Bool { journal.isBehind }

    mutating func receive(_ event: ReportedEvent) {
        // For a run of a single task, the entry for the end of the task says the same.
        if case .runFinished(let report) = event.event.kind, report.entries.count == 1 { return }
        for line in event.lines {
            journal.send(journalEntry(line, event, run: run).fields, orPrint: "\(line)\n", to: output)
        }
    }

    func flush(idleLimit: Duration, until deadline: ContinuousClock.Instant?) -> Bool {
        journal.flush(idleLimit: idleLimit, until: deadline, output)
    }
}

func journalEntry(_ line: Line, _ event: ReportedEvent, run: String) -> JournalEntry {
    var entry = JournalEntry(
        event.event.messageID(of: line),
        line.description,
        priority: line.tone.priority
    )
    entry.add("NEST_RUN_ID", run)
    entry.add("NEST_TASK", line.task)
    entry.add("NEST_VERB", event.verb)
    entry.add("NEST_ATTEMPT", event.attempt.map { String($0) })
    switch event.event.kind {
    case .path(let path, _): entry.add("NEST_OBJECT", path)
    case .change(let subject, _): entry.add("NEST_OBJECT", subject)
    case .object(let object, _): entry.add("NEST_OBJECT", object)
    case .warning(let subject, _): entry.add("NEST_OBJECT", subject)
    case .objectFailed(let object): entry.add("NEST_OBJECT", object.name)
    case .taskFinished(let outcome, let duration):
        if case .failed(let error) = outcome { entry.add(journalFields(of: error)) }
        // The errors of a task have separate entries before the entry for its end.
        if line.isDiagnostic { break }
        entry.add("NEST_OUTCOME", outcome.name)
        entry.add("NEST_DURATION_USEC", String(duration.microseconds))
        if case .skipped(let causes) = outcome {
            for cause in causes.prefix(dependencyLimit) { entry.add("NEST_DEPENDENCY", cause) }
        }
    case .lease(let holder): entry.add("NEST_OBJECT", holder.object)
    case .waiting(let wait):
        entry.add("NEST_WAIT", wait.subject.kind.rawValue)
        entry.add("NEST_OBJECT", wait.subject.text)
        entry.add("NEST_REASON", wait.reason)
    case .runStarted, .taskStarted, .objectCount, .planned, .output, .runFinished: break
    }
    return entry
}

extension Event {
    fileprivate func messageID(of line: Line) -> MessageID {
        switch kind {
        case .waiting: .waiting
        case .lease: .leaseTaken
        case .path: .pathChanged
        case .change: .nodeChanged
        case .object: .objectApplied
        case .objectFailed: .objectFailed
        case .warning: .warning
        case .output: .output
        case .taskFinished(let outcome, _): line.isDiagnostic ? .problem : outcome.messageID
        // Starts and object counts have no lines; systemd already logs the starts.
        case .runStarted, .taskStarted, .objectCount, .planned, .runFinished: .runFinished
        }
    }
}

extension Outcome {
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
    fileprivate var priority: Int {
        switch self {
        case .error: 3
        case .warning, .skipped, .failed: 4
        case .changed, .summary: 5
        case .progress, .running, .waiting, .output, .unchanged, .hunk, .added, .removed, .context: 6
        }
    }
}

/// A queue of entries for the systemd journal, sent on a separate thread because sending can block.
///
/// Entries that the journal refuses are printed on standard error, with the reason.
public final class JournalQueue: Sendable {
    /// A function that sends an entry and can block.
    public typealias Sender = @Sendable ([(String, String)]) throws(SystemError) -> Void

    private struct Entry: Sendable {
        let fields: [(String, String)]
        let line: String
        let output: ConsoleOutput
    }

    private let queue: ThreadQueue<Entry>
    private let isGivenUp = Locked(false)

    /// The number of waiting entries above which output lines of child processes are dropped.
    private static let backlogLimit = 10_000

    /// The maximum time for which a flush waits while the journal accepts nothing; short, as users cannot pause it.
    private static let idleLimit = Duration.seconds(10)

    public init(_ send: @escaping Sender) {
        queue = ThreadQueue { entry in
            do throws(SystemError) {
                try send(entry.fields)
            } catch {
                entry.output.write("nest-bootstrap: \(error)\n\(entry.line)", to: .diagnostics)
            }
        }
    }

    var isBehind: Bool { queue.count > Self.backlogLimit }

    /// Adds an entry; if the journal refuses it, the line is printed.
    func send(_ fields: [(String, String)], orPrint line: String, to output: ConsoleOutput) {
        queue.append(Entry(fields: fields, line: line, output: output))
    }

    /// Waits until all entries are sent or refused, and returns whether they are.
    ///
    /// If the journal accepts nothing for too long, or at the deadline, a message is printed. Later calls do not wait.
    func flush(idleLimit: Duration, until deadline: ContinuousClock.Instant?, _ output: ConsoleOutput) -> Bool {
        if isGivenUp.withLock({ $0 }) { return queue.count == 0 }
        let (start, limit) = (ContinuousClock.now, min(idleLimit, Self.idleLimit))
        if queue.drain(idleLimit: limit, until: deadline) { return true }
        let idle = min(limit, start.duration(to: .now)).humanReadable
        let problem = "cannot send to the journal: it took nothing for \(idle); the rest of the entries is lost"
        isGivenUp.withLock { $0 = true }
        output.write("nest-bootstrap: \(problem); see 'systemctl status systemd-journald'\n", to: .diagnostics)
        return false
    }
}
