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
    private let state: Locked<State>

    private struct State {
        var narrator: Narrator
        var hasFailed = false
    }

    /// Creates a sink.
    ///
    /// - Parameters:
    ///   - outlet: Where entries go that the journal does not take.
    ///   - run: What tells this run from all others.
    ///   - isDryRun: Whether the run writes nothing.
    ///   - send: What takes an entry.
    public init(_ outlet: Outlet, run: String, isDryRun: Bool = false, send: @escaping Sender) {
        self.outlet = outlet
        self.run = run
        self.send = send
        state = Locked(State(narrator: Narrator(isDryRun: isDryRun)))
    }

    /// Sends the entries of an event.
    public func receive(_ event: Event) {
        state.withLock { state in
            for line in state.narrator.lines(for: event) {
                let fields = fields(line, event, verb: state.narrator.ledger[line.task].verb)
                do throws(SystemError) {
                    try send(fields)
                } catch {
                    if !state.hasFailed { outlet.write("nest-bootstrap: \(error)\n", to: .diagnostics) }
                    state.hasFailed = true
                    outlet.write("\(line)\n", to: .diagnostics)
                }
            }
        }
    }

    private func fields(_ line: Line, _ event: Event, verb: String?) -> [(String, String)] {
        var fields = [("MESSAGE", line.description), ("PRIORITY", String(line.tone.priority))]
        fields += [("SYSLOG_IDENTIFIER", "nest-bootstrap"), ("NEST_RUN_ID", run)]
        if let task = line.task { fields.append(("NEST_TASK", task)) }
        if let verb { fields.append(("NEST_VERB", verb)) }
        switch event.kind {
        case .object(let object, _), .objectFailed(let object, _):
            fields.append(("NEST_OBJECT", object))
        case .taskFinished(let outcome, let duration):
            // The errors of a task are entries before the one that ends it.
            if line.isDiagnostic { break }
            fields.append(("NEST_OUTCOME", outcome.name))
            fields.append(("NEST_DURATION_USEC", String(duration.microseconds)))
        default: break
        }
        return fields
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
