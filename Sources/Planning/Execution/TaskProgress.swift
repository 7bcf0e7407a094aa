public import Base

/// The activity of a running task, derived from its events.
public struct TaskProgress: Sendable {
    /// A wait that has not ended.
    public struct OpenWait: Sendable, Hashable {
        public let wait: Wait
        /// The time at which the wait was first reported.
        public let since: Duration
    }

    /// The number of changes to paths or to objects, with the first change as an example.
    public struct Changes: Sendable, Hashable {
        /// The first change with its subject, such as `Namespace/a created`; empty if there is none.
        public fileprivate(set) var first = ""
        public fileprivate(set) var count = 0

        fileprivate mutating func add(_ change: @autoclosure () -> String) {
            if count == 0 { first = change() }
            count += 1
        }
    }

    public let task: String
    public let verb: String

    /// The time at which the task started, by the clock of the event times.
    public let start: Duration

    private let isDryRun: Bool

    /// The last activity of the task, as a text that every user may read.
    public private(set) var activity: String

    /// The last line that a program printed or a dry run planned, `nil` if the task has done something since.
    public private(set) var output: String?

    /// The waits that have not ended, ordered by last report, the most recent last.
    public private(set) var waits: [OpenWait] = []

    /// The number of objects that the task checks or changes, 0 until the number is known.
    public private(set) var objectCount = 0

    /// The results for the objects of the task.
    public private(set) var counts = ResultCounts()

    public private(set) var nodeChanges = Changes()
    public private(set) var changedObjects = Changes()

    /// The maximum number of waits that are kept.
    private static let waitLimit = 100

    /// Creates the progress of a task that has just started.
    public init(_ task: String, verb: String, start: Duration, isDryRun: Bool = false) {
        self.task = task
        self.verb = verb
        self.start = start
        self.isDryRun = isDryRun
        activity = verb
    }

    /// Applies an event of the task.
    ///
    /// - Parameters:
    ///   - kind: The event.
    ///   - now: The time of the event.
    public mutating func apply(_ kind: Event.Kind, at now: Duration) {
        switch kind {
        case .waiting(let wait): begin(wait, at: now)
        case .lease(let holder): if holder.isSelf { proceed(holder.text) }
        case .objectCount(let count): objectCount = count
        case .object(let object, let result):
            counts.count(result.change)
            if result.change != .unchanged {
                changedObjects.add("\(object) \(result.change.rawValue)")
            }
            proceed("\(object) \(done(result.change.rawValue, result.change == .unchanged))", object)
        case .objectFailed(let object):
            counts.failed += 1
            proceed("\(object.name) failed", object.name)
        case .path(let path, let result):
            if result.change != .unchanged { nodeChanges.add("\(path) \(result.change.rawValue)") }
            proceed("\(path) \(done(result.change.rawValue, result.change == .unchanged))")
        case .change(let subject, let text):
            nodeChanges.add("\(subject) \(text)")
            proceed("\(subject) \(text)")
        case .planned(let text):
            proceed(activity)
            output = text
        case .output(let text):
            proceed(activity)
            output = "| \(text)"
        case .runStarted, .taskStarted, .warning, .taskFinished, .runFinished: break
        }
    }

    /// Ends all waits, because the task now has what it waited for.
    public mutating func endWaits() { waits = [] }

    /// Whether the task has a wait that has not ended.
    public var isWaiting: Bool { !waits.isEmpty }

    /// Whether a path or an object was changed.
    public var hasChanged: Bool { nodeChanges.count + changedObjects.count > 0 }

    /// Returns the participle for a change that was made, or that a dry run would make.
    private func done(_ participle: String, _ isUnchanged: Bool) -> String {
        isDryRun && !isUnchanged ? "would be \(participle)" : participle
    }

    /// Begins a wait, or updates the reason of a wait that continues.
    private mutating func begin(_ wait: Wait, at now: Duration) {
        let known = waits.firstIndex { wait.continues($0.wait) }
        let since = known.map { waits.remove(at: $0).since } ?? now
        waits.removeAll { $0.wait.isComplete || wait.isComplete }
        if waits.count < Self.waitLimit { waits.append(OpenWait(wait: wait, since: since)) }
    }

    /// Records an activity, which ends earlier waits; the result for one object does not end waits of other objects.
    private mutating func proceed(_ activity: String, _ object: String? = nil) {
        self.activity = activity
        output = nil
        waits.removeAll { open in
            let subject = open.wait.subject
            return object == nil || open.wait.isComplete || subject.kind != .object || subject.text == object
        }
    }
}
