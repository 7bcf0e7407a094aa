public import Base

/// Sends entries to the systemd journal, on a separate thread because sending may block.
///
/// Entries that the journal refuses are printed on standard error, with the reason.
public final class JournalQueue: Sendable {
    /// Sends an entry, possibly blocking.
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

    /// The longest time that the journal may accept nothing; unlike terminal output, no user pauses it.
    private static let idleLimit = Duration.seconds(10)

    /// Creates a queue.
    ///
    /// - Parameter send: Sends an entry.
    public init(_ send: @escaping Sender) {
        queue = ThreadQueue { entry in
            do throws(SystemError) {
                try send(entry.fields)
            } catch {
                entry.output.write("nest-bootstrap: \(error)\n\(entry.line)", to: .diagnostics)
            }
        }
    }

    /// Whether the journal is slow or stopped.
    var isBehind: Bool { queue.count > Self.backlogLimit }

    /// Adds an entry, together with the line to print if the journal refuses the entry.
    func send(_ fields: [(String, String)], orPrint line: String, to output: ConsoleOutput) {
        queue.append(Entry(fields: fields, line: line, output: output))
    }

    /// Waits until the journal has accepted all entries.
    ///
    /// If the journal accepts nothing for too long, the remaining entries are given up with a message.
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
