import Base
import Execution

/// An event with what is worth reporting about it, worked out once for all sinks.
public struct ReportedEvent: Sendable {
    /// The event with its time and number.
    let stamped: StampedEvent
    /// The lines for people.
    let lines: [Line]
    /// The problems of the event that were not reported before.
    let problems: [Problem]
    /// Whether the event is worth reporting: a task that still waits for the same reason is not.
    let isNews: Bool
    /// The progress of the event's task, if it has started; of an event that ends it, the last one.
    let progress: TaskProgress?
    /// The number of the attempt of the event's task, if attempts are counted.
    let attempt: Int?
    /// The time since the run started.
    let elapsed: Duration
    var event: Event { stamped.event }

    /// The verb of the event's task, once it has started.
    var verb: String? { progress?.verb }

    /// The results for the objects of the event's task so far.
    var counts: ResultCounts { progress?.counts ?? ResultCounts() }
}

/// The reports of a run so far, to avoid duplicates.
struct EventHistory {
    /// The reports about one task.
    private struct Entry {
        var progress: TaskProgress?
        var attempt: Int?
        var problems: Set<Problem> = []
        var waits: Set<Wait> = []
    }

    private let isDryRun: Bool
    private var formatter: LineFormatter
    private var entries: [String: Entry] = [:]
    private var start: Duration?

    /// The number of waiting reasons of one task that are remembered.
    private static let waitLimit = 1000

    init(isDryRun: Bool = false) {
        self.isDryRun = isDryRun
        formatter = LineFormatter(isDryRun: isDryRun)
    }

    /// Adds the number of a task's attempt, once it is known.
    mutating func note(attempt: Int, of task: String) { entries[task, default: Entry()].attempt = attempt }

    /// Adds an event to the history, and works out what to report about it.
    mutating func report(_ stamped: StampedEvent) -> ReportedEvent {
        let event = stamped.event
        if case .runStarted = event.kind { start = stamped.uptime }
        var entry = entries.removeValue(forKey: event.task ?? "") ?? Entry()
        var new: [Problem] = []
        var isNews = true
        switch event.kind {
        case .taskStarted(let verb):
            entry.progress = event.task.map {
                TaskProgress($0, verb: verb, start: stamped.uptime, isDryRun: isDryRun)
            }
        case .objectFailed(_, let error), .taskFinished(.failed(let error), _):
            new = problems(of: error).filter { entry.problems.insert($0).inserted }
        case .waiting(let wait):
            if entry.waits.count == Self.waitLimit { entry.waits = [] }
            isNews = entry.waits.insert(wait.withoutObject).inserted
        case .runStarted, .lease, .objectCount, .planned, .path, .object, .warning, .output, .taskFinished,
            .runFinished:
            break
        }
        entry.progress?.apply(event.kind, at: stamped.uptime)
        let (counts, isStarted) = (entry.progress?.counts ?? ResultCounts(), entry.progress != nil)
        let lines =
            isNews
            ? formatter.lines(for: event, problems: new, counts: counts, isStarted: isStarted) : []
        let reported = ReportedEvent(
            stamped: stamped,
            lines: lines,
            problems: new,
            isNews: isNews,
            progress: entry.progress,
            attempt: entry.attempt,
            elapsed: stamped.uptime - (start ?? stamped.uptime),
        )
        // A task that has ended is not reported again.
        if case .taskFinished = event.kind { return reported }
        entries[event.task ?? ""] = entry
        return reported
    }
}

extension Wait {
    /// The wait without its object, and without its end.
    ///
    /// Objects of one task wait at the same time and take turns in reporting it; each reason is one line, which names the
    /// first of the objects that wait for the same thing. Waits that began a second apart also end a second apart.
    fileprivate var withoutObject: Wait {
        var wait = self
        wait.givesUpAt = nil
        if wait.subject.kind == .object { wait.subject.text = "" }
        return wait
    }
}
