import Execution

/// The running tasks, as the lower lines of a terminal show them.
struct LiveBoard {
    private var tasks: [LiveTask] = []

    /// Notes what an event changes.
    mutating func note(_ event: Event, at now: Duration) {
        guard let name = event.task else { return }
        switch event.kind {
        case .taskStarted(let verb): tasks.append(LiveTask(name: printable(name), verb: verb, start: now))
        case .taskFinished: tasks.removeAll { $0.name == printable(name) }
        default:
            guard let index = tasks.firstIndex(where: { $0.name == printable(name) }) else { return }
            tasks[index].note(event.kind, at: now)
        }
    }

    /// What the running tasks are at, in one line without times; `nil` if none runs.
    var summary: String? {
        guard let first = tasks.first else { return nil }
        guard tasks.count > 1 else { return first.summary }
        return tasks.map { "\($0.name): \($0.summary)" }.joined(separator: "; ")
    }

    /// Draws a line for each running task, the longest running first.
    ///
    /// What does not fit a line is cut off. As many lines as a small terminal has room for are drawn: the cursor cannot
    /// be moved back to lines that have left it.
    func lines(at now: Duration, columns: Int) -> [Line] {
        let shown = tasks.count > rowLimit ? tasks.prefix(rowLimit - 1) : tasks[...]
        let nameWidth = min(shown.map(\.name.columnCount).max() ?? 0, max(columns / 3, 8))
        var lines = shown.map { $0.line(at: now, nameWidth: nameWidth, columns: columns) }
        let rest = tasks.count - shown.count
        if rest > 0 { lines.append(Line(nil, "… and \(rest) more".truncated(to: columns), .progress)) }
        return lines
    }
}

/// The running tasks that are drawn at most.
private let rowLimit = 10

/// A task that runs, with what it is at.
private struct LiveTask {
    /// Something that the task waits for.
    private struct Wait {
        let subject: Substring
        var words: String
        let since: Duration
    }

    let name: String
    private let start: Duration
    private var activity: String
    private var waits: [Wait] = []

    init(name: String, verb: String, start: Duration) {
        self.name = name
        self.start = start
        activity = verb
    }

    mutating func note(_ kind: Event.Kind, at now: Duration) {
        switch kind {
        case .waiting(let words): wait(words, at: now)
        case .object(let object, let result): proceed("\(object) \(result.change.rawValue)", object)
        case .objectFailed(let object, _): proceed("\(object) failed", object)
        case .path(let path, let result): proceed("\(path) \(result.rawValue)", nil)
        case .output(let text): proceed("| \(text)", nil)
        case .runStarted, .taskStarted, .warning, .taskFinished, .runFinished: break
        }
    }

    /// Notes what is waited for; the words begin with their subject.
    private mutating func wait(_ words: String, at now: Duration) {
        let subject = words.firstRange(of: ": ").map { words[..<$0.lowerBound] } ?? words[...]
        let known = waits.firstIndex { $0.subject == subject }
        let since = known.map { waits.remove(at: $0).since } ?? now
        if waits.count < waitLimit { waits.append(Wait(subject: subject, words: words, since: since)) }
    }

    /// Notes that something came to an end, and with it the waits that stood before it.
    private mutating func proceed(_ activity: String, _ object: String?) {
        self.activity = activity
        // Other objects of the task may still be waiting; a gate, whose words have spaces, stands before all of them.
        waits.removeAll { wait in object.map { wait.subject == $0 || wait.subject.contains(" ") } ?? true }
    }

    /// What the task is at.
    var summary: String {
        guard let wait = waits.last else { return printable(activity) }
        let more = waits.count > 1 ? " (and \(waits.count - 1) more)" : ""
        return printable("waiting\(more): \(wait.words)")
    }

    func line(at now: Duration, nameWidth: Int, columns: Int) -> Line {
        let name = name.truncated(to: nameWidth).padded(to: nameWidth)
        let age = (now - start).clockText.padded(to: 7)
        guard let wait = waits.last else {
            return Line(nil, printable("\(name)  \(age) \(activity)").truncated(to: columns), .progress)
        }
        let more = waits.count > 1 ? " (and \(waits.count - 1) more)" : ""
        let text = "\(name)  \(age) waiting \((now - wait.since).clockText)\(more): \(wait.words)"
        return Line(nil, printable(text).truncated(to: columns), .waiting)
    }
}

/// What one task may wait for at once; more is not counted.
private let waitLimit = 100
