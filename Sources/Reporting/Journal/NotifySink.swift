public import Base
import Planning

/// A sink that reports the state of a unit's only task to the service manager, for `systemctl status`.
public struct NotifySink: EventSink {
    /// A function that sends assignments, one per line, to the service manager.
    public typealias Sender = @Sendable (String) -> Void

    private let queue: ThreadQueue<String>
    /// The activity, wait or outcome of the task.
    private var state: String?
    /// The first error of the task.
    private var error: String?
    private var status: String?

    /// The number of unsent statuses at which new ones are dropped, because a later status replaces them.
    private static let backlogLimit = 10

    /// The maximum number of columns of a status, which `systemctl status` prints on one line.
    private static let lengthLimit = 500

    public init(send: @escaping Sender) {
        // Sending uses a separate thread, because it blocks while the service manager's socket is full.
        queue = ThreadQueue(send)
    }

    public func flush(idleLimit: Duration, until deadline: ContinuousClock.Instant?) -> Bool {
        queue.drain(idleLimit: idleLimit, until: deadline)
    }

    /// Records an event; the status is sent at the next tick.
    public mutating func receive(_ event: ReportedEvent) {
        guard event.event.task != nil else { return }
        error = error ?? event.event.publicError
        if case .taskFinished = event.event.kind {
            state = [event.lines.last?.text, error].compactMap(\.self).joined(separator: ": ")
        } else if let progress = event.progress {
            state = progress.summary
        }
    }

    /// Sends the status if it has changed, so that applying a thousand objects does not send a thousand messages.
    public mutating func tick(at uptime: Duration) {
        report(state)
    }

    public mutating func finish() { tick(at: .zero) }

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
    /// The error of the event, without details that only root may read; `nil` if there is none.
    fileprivate var publicError: String? {
        let text =
            switch kind {
            case .objectFailed(let object): publicChain(Problems(object.printed))
            case .taskFinished(.failed(let error), after: _): publicChain(error)
            default: ""
            }
        return text.isEmpty ? nil : text
    }
}
