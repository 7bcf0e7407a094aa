public import Execution
public import Host
import Locking

/// Tells a run to the systemd journal, each line an entry with fields of its own.
///
/// What the journal does not take goes to standard error, and the first time the reason too.
public final class JournalSink: EventSink {
    /// What takes an entry.
    public typealias Sender = @Sendable ([(String, String)]) throws(SystemError) -> Void

    private let send: Sender
    private let outlet: Outlet
    private let run: String
    private let attempt: @Sendable (String) -> Int?
    private let state: Locked<State>

    private struct State {
        var narrator: Narrator
        var attempts: [String: Int] = [:]
        var hasFailed = false
    }

    /// Creates a sink.
    ///
    /// - Parameters:
    ///   - outlet: Where entries go that the journal does not take.
    ///   - run: What tells this run from all others.
    ///   - isDryRun: Whether the run writes nothing.
    ///   - attempt: What tells of a task that starts which attempt it is, if anybody counts.
    ///   - send: What takes an entry.
    public init(
        _ outlet: Outlet,
        run: String,
        isDryRun: Bool = false,
        attempt: @escaping @Sendable (String) -> Int? = { _ in nil },
        send: @escaping Sender,
    ) {
        self.outlet = outlet
        self.attempt = attempt
        self.run = run
        self.send = send
        state = Locked(State(narrator: Narrator(isDryRun: isDryRun)))
    }

    /// Sends the entries of an event.
    public func receive(_ event: Event) {
        state.withLock { state in
            if case .taskStarted = event.kind, let task = event.task { state.attempts[task] = attempt(task) }
            guard case .runFinished(let report) = event.kind else { return tell(event, &state) }
            // Tasks that nothing was told of end here, each with the fields of an end.
            for entry in report.entries where !state.narrator.ledger[entry.task].isFinished {
                tell(
                    Event(task: entry.task, .taskFinished(entry.outcome, after: entry.duration), from: event.code),
                    &state
                )
            }
            // The end of the only task has told all.
            if report.entries.count != 1 { tell(event, &state) }
        }
    }

    private func tell(_ event: Event, _ state: inout State) {
        for line in state.narrator.lines(for: event) {
            let entry = entry(line, event, state)
            do throws(SystemError) {
                try send(entry.fields)
            } catch {
                if !state.hasFailed { outlet.write("nest-bootstrap: \(error)\n", to: .diagnostics) }
                state.hasFailed = true
                outlet.write("\(line)\n", to: .diagnostics)
            }
        }
    }

    private func entry(_ line: Line, _ event: Event, _ state: State) -> JournalEntry {
        var entry = JournalEntry(
            event.messageID(of: line),
            line.description,
            priority: line.tone.priority,
            from: event.code
        )
        entry.add("NEST_RUN_ID", run)
        entry.add("NEST_TASK", line.task)
        entry.add("NEST_VERB", state.narrator.ledger[event.task].verb)
        entry.add("NEST_ATTEMPT", event.task.flatMap { state.attempts[$0] }.map { String($0) })
        switch event.kind {
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
        default: break
        }
        return entry
    }
}

extension Event {
    /// The kind of the entry that a line of this event is.
    fileprivate func messageID(of line: Line) -> MessageID {
        switch kind {
        case .waiting: .waiting
        case .path: .pathChanged
        case .object: .objectApplied
        case .objectFailed: .objectFailed
        case .warning: .warning
        case .output: .output
        case .taskFinished(let outcome, _): line.isDiagnostic ? .problem : outcome.messageID
        // Nothing is told of what begins: systemd has done so.
        case .runStarted, .taskStarted, .runFinished: .runFinished
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
        case .progress, .waiting, .output, .unchanged: 6
        }
    }
}
