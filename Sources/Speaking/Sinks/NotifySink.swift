public import Execution
import Locking

/// Tells the service manager what the program is at, and how long it may take.
///
/// `systemctl status` shows the last `STATUS`. `EXTEND_TIMEOUT_USEC` makes the deadline of a task the only one, also where
/// its unit was made for a shorter one.
public final class NotifySink: EventSink {
    /// What carries assignments, one a line, to the service manager.
    public typealias Sender = @Sendable (String) -> Void

    private struct State {
        var board = LiveBoard()
        var narrator = Narrator()
        /// The first error of each task, the one that has a place.
        var errors: [String: String] = [:]
        /// How the last task ended.
        var ending: String?
        var told: String?
    }

    private let timeouts: [String: Duration]
    private let send: Sender
    private let state = Locked(State())

    /// How long after its deadline a task may take to say how it ended.
    private static let grace = Duration.seconds(15)

    /// Creates a sink.
    ///
    /// - Parameters:
    ///   - timeouts: The deadlines of the tasks, counted from their starts.
    ///   - send: What carries assignments to the service manager.
    public init(timeouts: [String: Duration], send: @escaping Sender) {
        self.timeouts = timeouts
        self.send = send
    }

    /// Notes an event; what is worth a notice is told with the next tick.
    public func receive(_ event: Event) {
        state.withLock { state in
            // The board's clock is not shown, so it may stand still.
            state.board.note(event, at: .zero)
            let lines = state.narrator.lines(for: event)
            guard let task = event.task else { return }
            if let error = lines.first(where: { $0.tone == .error }), state.errors[task] == nil {
                state.errors[task] = error.news
            }
            switch event.kind {
            case .taskStarted:
                // A manager lengthens the time that a unit has, and never shortens it.
                let time = (timeouts[task] ?? .zero) + Self.grace
                send("EXTEND_TIMEOUT_USEC=\(time.microseconds)")
            case .taskFinished:
                let end = lines.last?.text ?? ""
                state.ending = state.errors[task].map { "\(end): \($0)" } ?? end
            default: break
            }
        }
    }

    /// Tells what changed since the last tick: an apply of a thousand objects is not a thousand notices.
    public func tick() {
        state.withLock { state in tell(state.board.summary ?? state.ending, &state) }
    }

    /// Tells how the last task ended.
    public func finish() {
        tick()
    }

    /// Tells why nothing runs.
    public func obstructed(by problems: [Problem]) {
        state.withLock { state in
            tell(problems.first.map { "waiting: \($0.message)" }, &state)
        }
    }

    private func tell(_ text: String?, _ state: inout State) {
        guard let text, text != state.told else { return }
        state.told = text
        send("STATUS=\(text.truncated(to: Self.lengthLimit))")
    }

    /// The columns of a status; it is one line of a larger picture.
    private static let lengthLimit = 500
}

extension Line {
    /// The text without the word that tells an error from other lines.
    fileprivate var news: String {
        let label = "error: "
        return text.hasPrefix(label) ? String(text.dropFirst(label.count)) : text
    }
}
