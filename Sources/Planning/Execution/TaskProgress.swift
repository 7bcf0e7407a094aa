public import Base

/// The activity of a running task, derived from its events.
public struct TaskProgress: Sendable {
    public struct OpenWait: Sendable, Hashable {
        public let wait: Wait
        /// The time at which the wait began.
        public let since: Duration
    }

    /// A number of changes with the first change as an example.
    public struct Changes: Sendable, Hashable {
        /// The first change, such as `Namespace/a created`, or an empty string if there is none.
        public fileprivate(set) var first = ""
        public fileprivate(set) var count = 0

        fileprivate mutating func add(_ change: @autoclosure () -> String) {
            if count == 0 { first = change() }
            count += 1
        }
    }

    let task: String
    public let verb: String

    /// The start of the task, on the same clock as `now` in ``apply(_:at:)``.
    public let start: Duration

    private let isDryRun: Bool

    /// The last activity of the task, or its verb if there was none, as a text that every user may read.
    public private(set) var activity: String

    /// The last line of a program's output or planned effect, or `nil` if another activity has followed it.
    public private(set) var output: String?

    /// The waits that have not ended, at most a hundred, in the order in which they were last reported.
    public private(set) var waits: [OpenWait] = []

    /// The number of objects that the task checks or changes, or 0 until it is known.
    public private(set) var objectCount = 0
    public private(set) var counts = ResultCounts()

    public private(set) var nodeChanges = Changes()
    public private(set) var changedObjects = Changes()

    private static let waitLimit = 100

    public init(_ task: String, verb: String, start: Duration, isDryRun: Bool = false) {
        self.task = task
        self.verb = verb
        self.start = start
        self.isDryRun = isDryRun
        activity = verb
    }

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

    /// Ends all waits; needed only after a wait whose end no event reports.
    public mutating func endWaits() { waits = [] }

    public var isWaiting: Bool { !waits.isEmpty }
    public var hasChanged: Bool { nodeChanges.count + changedObjects.count > 0 }

    private func done(_ participle: String, _ isUnchanged: Bool) -> String {
        isDryRun && !isUnchanged ? "would be \(participle)" : participle
    }

    /// Begins a wait, or updates a wait that continues.
    private mutating func begin(_ wait: Wait, at now: Duration) {
        let known = waits.firstIndex { wait.continues($0.wait) }
        let since = known.map { waits.remove(at: $0).since } ?? now
        waits.removeAll { $0.wait.isComplete || wait.isComplete }
        if waits.count < Self.waitLimit { waits.append(OpenWait(wait: wait, since: since)) }
    }

    /// Records an activity and ends the waits.
    ///
    /// The result of an object does not end the waits for other objects, except a wait that covers everything.
    private mutating func proceed(_ activity: String, _ object: String? = nil) {
        self.activity = activity
        output = nil
        waits.removeAll { open in
            let subject = open.wait.subject
            return object == nil || open.wait.isComplete || subject.kind != .object || subject.text == object
        }
    }
}
