import Base
import Planning

/// An event with the information derived from it and from earlier events.
public struct ReportedEvent: Sendable {
    let event: Event
    /// The time of the event in milliseconds since 1970.
    let milliseconds: Int64
    /// The monotonic time of the event since the creation of the queue.
    let uptime: Duration
    let lines: [Line]
    /// The problems that were not reported before for the same task.
    let problems: [Problem]
    /// Whether the event is news; a repeated wait for the same reason is not.
    let isNews: Bool
    /// The progress of the event's task, if it has started.
    let progress: TaskProgress?
    /// The attempt number of the event's task, `nil` if it was not set.
    let attempt: Int?
    let elapsed: Duration

    /// The verb of the event's task, once it has started.
    var verb: String? { progress?.verb }

    var counts: ResultCounts { progress?.counts ?? ResultCounts() }
}

/// A reporter that passes the events of a run to several sinks, and detects repeated problems and waits.
struct RunReporter: Sendable {
    enum Item: Sendable {
        case event(Event, milliseconds: Int64, uptime: Duration)
        case attempt(Int, task: String)
        case tick(Duration)
        case runBlocked([Problem])
        case finish
    }

    /// The state of the reports about one task.
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
    private var sinks: [any EventSink]

    /// The maximum number of remembered waits of one task; at this number, all of them are forgotten.
    private static let waitLimit = 1000

    init(_ sinks: [any EventSink], isDryRun: Bool) {
        self.sinks = sinks
        self.isDryRun = isDryRun
        formatter = LineFormatter(isDryRun: isDryRun)
    }

    mutating func handle(_ item: Item) {
        switch item {
        case .event(let event, let milliseconds, let uptime):
            let reported = report(event, milliseconds, uptime)
            for index in sinks.indices { sinks[index].receive(reported) }
        case .attempt(let number, let task): entries[task, default: Entry()].attempt = number
        case .tick(let uptime): for index in sinks.indices { sinks[index].tick(at: uptime) }
        case .runBlocked(let problems): for index in sinks.indices { sinks[index].runBlocked(by: problems) }
        case .finish: for index in sinks.indices { sinks[index].finish() }
        }
    }

    /// Updates the task's entry with an event, and derives the reported event.
    private mutating func report(_ event: Event, _ milliseconds: Int64, _ uptime: Duration) -> ReportedEvent {
        if case .runStarted = event.kind { start = uptime }
        var entry = entries.removeValue(forKey: event.task ?? "") ?? Entry()
        var new: [Problem] = []
        var isNews = true
        switch event.kind {
        case .taskStarted(let verb):
            entry.progress = event.task.map {
                TaskProgress($0, verb: verb, start: uptime, isDryRun: isDryRun)
            }
        case .objectFailed(let object): new = object.printed.flatMap(problems)
        case .taskFinished(.failed(let error), _): new = problems(of: error)
        case .waiting(let wait):
            if entry.waits.count == Self.waitLimit { entry.waits = [] }
            isNews = entry.waits.insert(wait.withoutObject).inserted
        case .runStarted, .lease, .objectCount, .planned, .path, .change, .object, .warning, .output, .taskFinished,
            .runFinished:
            break
        }
        new = new.filter { entry.problems.insert($0).inserted }
        entry.progress?.apply(event.kind, at: uptime)
        let (counts, isStarted) = (entry.progress?.counts ?? ResultCounts(), entry.progress != nil)
        let lines = isNews ? formatter.lines(for: event, problems: new, counts: counts, isStarted: isStarted) : []
        let reported = ReportedEvent(
            event: event,
            milliseconds: milliseconds,
            uptime: uptime,
            lines: lines,
            problems: new,
            isNews: isNews,
            progress: entry.progress,
            attempt: entry.attempt,
            elapsed: uptime - (start ?? uptime),
        )
        // The entry of a task that has ended is no longer needed.
        if case .taskFinished = event.kind { return reported }
        entries[event.task ?? ""] = entry
        return reported
    }
}

extension Wait {
    /// The wait without its deadline and, if it is for an object, without the name of the object.
    ///
    /// Objects of one task wait concurrently and report their waits alternately. Each reason is printed once, with the
    /// first object that reports it. Deadlines are ignored too, because they differ whenever the waits began at
    /// different times.
    fileprivate var withoutObject: Wait {
        var wait = self
        wait.givesUpAt = nil
        if wait.subject.kind == .object { wait.subject.text = "" }
        return wait
    }
}
