import Base
import Execution

/// A running task, with what it does.
struct ProgressTask {
    /// Something that the task waits for, and since when.
    private struct OpenWait {
        let wait: Wait
        let since: Duration
    }

    let name: String
    private let start: Duration
    private let isDryRun: Bool
    private var activity: String
    private var waits: [OpenWait] = []
    /// The number of objects that the task checks or changes, once it is known.
    private var objectCount = 0
    private var doneCount = 0
    /// The first path that the task has changed, with what was done, and the number of all.
    private var changedPaths: (first: String, count: Int) = ("", 0)
    /// The first object that the task has changed, and the number of all.
    private var changedObjects: (first: String, count: Int) = ("", 0)
    private var firstChange = Event.ObjectResult.Change.unchanged

    /// The largest number of waits of one task that are counted.
    private static let waitLimit = 100

    /// A wait that begins so soon after the start of its task has no time of its own: it is that of the task.
    private static let startTolerance = Duration.seconds(2)

    init(name: String, verb: String, start: Duration, isDryRun: Bool = false) {
        self.name = name
        self.start = start
        self.isDryRun = isDryRun
        activity = verb
    }

    mutating func note(_ kind: Event.Kind, at now: Duration) {
        switch kind {
        case .waiting(let wait): begin(wait, at: now)
        case .lease(let holder): if holder.isSelf { proceed(holder.text, nil) }
        case .objectCount(let count): objectCount = count
        case .object(let object, let result):
            doneCount += 1
            if result.change != .unchanged {
                if changedObjects.count == 0 { firstChange = result.change }
                Self.count("\(object) \(result.change.rawValue)", in: &changedObjects)
            }
            proceed("\(object) \(done(result.change.rawValue, result.change == .unchanged))", object)
        case .objectFailed(let object, _):
            doneCount += 1
            proceed("\(object) failed", object)
        case .path(let path, let result):
            if result.change != .unchanged { Self.count("\(path) \(result.change.rawValue)", in: &changedPaths) }
            proceed("\(path) \(done(result.change.rawValue, result.change == .unchanged))", nil)
        case .planned(let text): proceed(text, nil)
        case .output(let text): proceed("| \(text)", nil)
        case .runStarted, .taskStarted, .warning, .taskFinished, .runFinished: break
        }
    }

    /// The words for what was done, or with a dry run would be.
    private func done(_ participle: String, _ isUnchanged: Bool) -> String {
        isDryRun && !isUnchanged ? "would be \(participle)" : participle
    }

    private static func count(_ change: String, in changes: inout (first: String, count: Int)) {
        if changes.count == 0 { changes.first = change }
        changes.count += 1
    }

    /// Begins a wait, or notes another reason for one that goes on.
    ///
    /// A wait that names everything goes on when another object is the first of those that it names.
    private mutating func begin(_ wait: Wait, at now: Duration) {
        let known = waits.firstIndex { $0.wait.subject == wait.subject || $0.wait.isComplete && wait.isComplete }
        let since = known.map { waits.remove(at: $0).since } ?? now
        waits.removeAll { $0.wait.isComplete || wait.isComplete }
        if waits.count < Self.waitLimit { waits.append(OpenWait(wait: wait, since: since)) }
    }

    /// Applies a result, which ends the waits before it.
    private mutating func proceed(_ activity: String, _ object: String?) {
        self.activity = activity
        // Other objects of the task may still be waiting.
        waits.removeAll { open in
            let subject = open.wait.subject
            return object == nil || open.wait.isComplete || subject.kind != .object || subject.text == object
        }
    }

    /// Whether the task does nothing until something else happens.
    var isWaiting: Bool { !waits.isEmpty }

    /// How long the task has been running.
    func age(at now: Duration) -> Duration { now - start }

    /// The activity of the task when it is not waiting.
    private var work: String {
        guard objectCount > 0 else { return activity }
        let objects = "\(doneCount) of \(objectCount) object\(objectCount == 1 ? "" : "s")"
        return doneCount == 0 ? objects : "\(objects), last: \(activity)"
    }

    /// The activity of the task, in one line.
    var summary: String {
        guard let wait = waits.last?.wait else { return printable(work) }
        let more = waits.count > 1 ? " (and \(waits.count - 1) more)" : ""
        return printable("waiting\(more): \(wait)")
    }

    /// The activity of the task, for a line that also says how long it has been running; the cause of a wait comes first.
    func activity(at now: Duration) -> String {
        guard let last = waits.last else { return work }
        let objects = doneCount > 0 && objectCount > 0 ? "\(doneCount) of \(objectCount) objects, " : ""
        let time = last.since - start < Self.startTolerance ? "" : " \((now - last.since).clockText)"
        let more = waits.count > 1 ? " (and \(waits.count - 1) more)" : ""
        let head = "\(objects)waiting\(time)\(more)"
        let subject = last.wait.subject.text
        guard let reason = last.wait.reason else { return "\(head): \(subject)" }
        let end = last.wait.givesUpAt.map { "; gives up at \($0)" } ?? ""
        return "\(head): \(reason) (\(subject)\(end))"
    }

    /// The changes by the task, after its end; a single one is named.
    func result(_ counts: ResultCounts) -> String {
        var parts: [String] = []
        if changedPaths.count > 0 {
            parts.append(changedPaths.first + (changedPaths.count > 1 ? " and \(changedPaths.count - 1) more" : ""))
        }
        var rest = counts
        if changedObjects.count == 1 {
            parts.append(changedObjects.first)
            rest.uncount(firstChange)
        }
        if !rest.isEmpty { parts.append(changedObjects.count == 1 ? rest.text : rest.objectText) }
        return parts.joined(separator: ", ")
    }
}

extension ResultCounts {
    /// Counts one object less.
    fileprivate mutating func uncount(_ change: Event.ObjectResult.Change) {
        switch change {
        case .created: created = max(0, created - 1)
        case .configured: changed = max(0, changed - 1)
        case .deleted: deleted = max(0, deleted - 1)
        case .unchanged: unchanged = max(0, unchanged - 1)
        }
    }
}
