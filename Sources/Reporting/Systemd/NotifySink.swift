public import Base
import Execution

/// Reports the state of the program to the service manager, and how long it may take.
///
/// `systemctl status` shows the last `STATUS`. `EXTEND_TIMEOUT_USEC` makes the deadline of a task the only one, also where
/// its unit was written for a shorter one.
public struct NotifySink: EventSink {
    /// Sends assignments, one a line, to the service manager.
    public typealias Sender = @Sendable (String) -> Void

    private let timeouts: [String: Duration]
    private let queue: ThreadQueue<String>
    private var progress = RunningTasks()
    /// The first error of each task, the one that has a location.
    private var errors: [String: String] = [:]
    /// How the last task ended.
    private var ending: String?
    /// The last status that was sent.
    private var status: String?

    /// How long after its deadline a task may take to report how it ended.
    private static let gracePeriod = Duration.seconds(15)

    /// The assignments that wait for a slow service manager when statuses are left out; the next one says more.
    private static let backlogLimit = 10

    /// The columns of a status; it is one line of a larger picture.
    private static let lengthLimit = 500

    /// Creates a sink.
    ///
    /// - Parameters:
    ///   - timeouts: The timeouts of the tasks.
    ///   - send: Sends assignments to the service manager.
    public init(timeouts: [String: Duration], send: @escaping Sender) {
        self.timeouts = timeouts
        // A thread of its own sends, as the service manager's socket may be full.
        queue = ThreadQueue(send)
    }

    /// Waits until the service manager has taken everything.
    public func flush(idleLimit: Duration, until deadline: ContinuousClock.Instant?) -> Bool {
        queue.drain(idleLimit: idleLimit, until: deadline)
    }

    /// Keeps what an event changes; the status is sent with the next tick.
    public mutating func receive(_ event: ReportedEvent) {
        progress.apply(event)
        guard let task = event.event.task else { return }
        if let error = event.event.publicError, errors[task] == nil { errors[task] = error }
        switch event.event.kind {
        case .taskStarted:
            // A manager extends the time that a unit has, and never shortens it.
            let time = (timeouts[task] ?? .zero) + Self.gracePeriod
            queue.append("EXTEND_TIMEOUT_USEC=\(time.microseconds)")
        case .taskFinished:
            let end = event.lines.last?.text ?? ""
            ending = errors[task].map { "\(end): \($0)" } ?? end
        default: break
        }
    }

    /// Sends what changed since the last tick: an apply of a thousand objects is not a thousand messages.
    public mutating func tick(at uptime: Duration) {
        report(progress.summary ?? ending)
    }

    /// Sends how the last task ended.
    public mutating func finish() {
        report(progress.summary ?? ending)
    }

    /// Sends why no task could start.
    public mutating func runBlocked(by problems: [Problem]) {
        report(problems.first.map { "waiting: \($0.message)" })
    }

    private mutating func report(_ text: String?) {
        guard let text, text != status, queue.count < Self.backlogLimit else { return }
        status = text
        queue.append("STATUS=\(text.truncated(to: Self.lengthLimit))")
    }
}

extension Event {
    /// The error of the event as every user may read it, `nil` if there is none or it was reported already.
    fileprivate var publicError: String? {
        let text =
            switch kind {
            case .objectFailed(let object, let error): publicChain(error, of: object)
            case .taskFinished(.failed(let error), after: _): publicChain(error)
            default: ""
            }
        return text.isEmpty ? nil : text
    }
}
