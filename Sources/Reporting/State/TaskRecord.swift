public import Base
public import Planning

/// The last attempt of a task on this boot, or the reason why the task did not start, as stored in the state directory.
///
/// A new property must be optional; otherwise, the records of an older version of the program count as damaged.
public struct TaskRecord: Sendable, Hashable, Codable {
    public var task: String
    /// The outcome of the task, `nil` while it runs or if its process ended before recording an outcome.
    public var outcome: Outcome.Kind?
    /// The time at which the attempt ended, or started if its end is not recorded.
    public var time = Timestamp.now()
    /// The uptime at ``time``, which orders records correctly even if the clock is set.
    public var uptimeMilliseconds = Timestamp.uptimeMilliseconds()
    public var durationMicroseconds: Int64 = 0
    public var counts = ResultCounts()
    /// The reasons why the task did not succeed, as lines.
    public var reasons: [String] = []
    /// The ``reasons`` without information that only root may read.
    public var publicReasons: [String] = []
    /// Whether the task failed and another attempt cannot succeed.
    public var isPermanent = false
    /// The number of attempts on this boot since the task last succeeded, including this one; a skip is no attempt.
    public var attempt = 1
    public var history = TaskHistory()
    public var waits: [TaskWait] = []
    /// The holder of the task's Lease, `nil` if there is no Lease, the holder is unknown or the task has ended.
    public var lease: LeaseHolder?
    /// Digests of the declaration and the files that the attempt used, `nil` if they are not known.
    public var inputs: TaskInputs?
    var run: String
    /// The identifier of the boot, which ``RecordStore`` sets; empty if the store has none.
    public var boot = ""

    /// The last repetition of the task since this attempt, if there is one.
    var repetitions: [TaskRecord] = []

    /// The record as every user may read it.
    var publicRecord: Self {
        var record = self
        (record.reasons, record.inputs) = (publicReasons, nil)
        record.repetitions = repetitions.map(\.publicRecord)
        return record
    }

    public var isSuccess: Bool { outcome?.isSuccess == true }

    /// The time of the last success on this boot, by this attempt, a repetition or an earlier attempt.
    public var lastSuccess: Timestamp? { repetitions.first?.lastSuccess ?? (isSuccess ? time : history.lastSuccess) }

    /// The end of this attempt, or the last recorded end before it if its own end is not recorded.
    public var lastEnd: RunEnd? {
        outcome.map { end($0, duration: .microseconds(durationMicroseconds)) } ?? history.lastEnd
    }

    /// Returns an end of this attempt at ``time``, with the given outcome; the duration is `nil` if it is unknown.
    public func end(_ outcome: Outcome.Kind, duration: Duration?) -> RunEnd {
        RunEnd(
            outcome: outcome,
            time: time,
            uptimeMilliseconds: uptimeMilliseconds,
            duration: duration,
            attempt: attempt,
        )
    }

    /// The facts that this attempt and earlier attempts pass on to the next attempt.
    public var historyForNext: TaskHistory {
        var history = history
        if history.lastSuccess == nil, let ownAttempt { history.keep(ownAttempt) }
        history.lastSuccess = lastSuccess
        history.lastEnd = lastEnd
        if isSuccess { history.unitAttempts = 0 }
        return history
    }
}

extension TaskRecord {
    public init(task: String, run: String) { self.init(task: task, outcome: nil, run: run) }
}

extension LeaseHolder {
    var fields: [(String, Node)] {
        var fields: [(String, Node)] = [
            ("lease", .string(lease)), ("holder", .string(identity)), ("held", .boolean(isSelf)),
        ]
        if let since { fields.append(("since", .string(since.description))) }
        return fields
    }
}

/// The declaration and the files that a task used in an attempt, as digests.
///
/// A task whose inputs have changed since its success has to run again.
public struct TaskInputs: Sendable, Hashable, Codable {
    /// The SHA-256 digest of the declaration and the variables that manifests can use, in hexadecimal digits.
    var declaration: String

    /// The SHA-256 digests of the files by their paths; `nil` for a file that could not be read.
    ///
    /// A unit can be unable to read files that an administrator can read.
    public var files: [String: String?]

    public init(declaration: String, files: [String: String?] = [:]) {
        self.declaration = declaration
        self.files = files
    }

    public enum Change: Sendable, Hashable {
        case declaration
        /// A file whose content has changed, or that only one of the attempts used.
        case file(String)
    }

    /// Returns the first difference from the inputs of an earlier attempt.
    ///
    /// A file that the earlier attempt could not read, or that cannot be read now, is not compared.
    public func change(since earlier: TaskInputs) -> Change? {
        guard declaration == earlier.declaration else { return .declaration }
        let paths = Set(files.keys).union(earlier.files.keys)
        let changed = paths.sorted().first { path in
            switch (files[path], earlier.files[path]) {
            case (.some(.some(let now)), .some(.some(let then))): now != then
            case (.some(.none), _), (_, .some(.none)): false
            // Only one of the attempts used the file, such as a manifest that was added to a directory.
            case (.none, _), (_, .none): true
            }
        }
        return changed.map(Change.file)
    }
}
