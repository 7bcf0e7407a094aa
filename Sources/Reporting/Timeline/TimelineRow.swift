import Base
import Execution
import Host
import State

/// A task during the construction of a timeline, with times relative to the start of the machine.
struct TimelineRow {
    /// The attempts up to the first success, or the attempts of the last run if the first success is not known.
    private(set) var attempts: [TaskAttempt]

    /// The number of earlier attempts that are not known.
    let unknownCount: Int

    /// The number of attempts, including unknown attempts before or between the known attempts.
    var attemptCount: Int { attempts.last.map { max(unknownCount + attempts.count, $0.number) } ?? 0 }

    /// Whether the task had already succeeded before ``attempts``, in runs that are not known.
    let hasEarlierSuccess: Bool

    /// Whether the task has run again after ``attempts``.
    let hasLaterRun: Bool

    /// The state of the task after ``attempts``.
    private(set) var state: TaskState

    /// The waits of the task before its first attempt.
    var waits: [TimelineSpan] = []

    /// Whether the task has failed and will be started again.
    private let isRetried: Bool

    /// The largest expected difference between a time recorded by the program and the corresponding time in systemd.
    private static let precision = Duration.milliseconds(50)

    /// Finds the attempts of a task.
    ///
    /// - Parameters:
    ///   - task: The task with its record and earlier attempts.
    ///   - source: The source of the timeline.
    init(_ task: TimelineSource.TaskFacts, _ source: TimelineSource) {
        let unit = source.unit(of: task)
        let last = task.record?.ownAttempt
        // If a new attempt began between the reads of the two files, both files contain the previous attempt.
        var found = task.earlier.filter { $0.start != last?.start }.map(\.killed)
        hasLaterRun = found.last?.isSuccess == true && task.record != nil && last?.end != found.last?.end
        hasEarlierSuccess = found.last?.isSuccess != true && task.record?.history.lastSuccess != nil
        if hasEarlierSuccess { found = [] }
        if found.last?.isSuccess != true, let last {
            found.append(task.status.state == .ended(.interrupted) ? Self.interrupted(last, unit) : last)
        }
        if let unit, let last = found.indices.last {
            Self.extend(&found[last], to: unit, after: found.dropLast().last?.end)
        }
        attempts = found
        unknownCount = max(0, (found.first?.number ?? 1) - 1)
        state = task.status.state
        if let last = found.last, last.isSuccess, let outcome = last.outcome {
            state = last.end == nil ? .running : .ended(outcome)
        }
        isRetried = task.status.retriesIn != nil && found.last?.isSuccess != true
    }

    /// The time at which the first known attempt started.
    var started: Duration? { attempts.first?.start }

    /// The time at which dependants could start, `nil` if they cannot start yet.
    var succeeded: Duration? { attempts.last.flatMap { $0.isSuccess ? $0.end : nil } }

    /// The time at which the last attempt ended, `nil` if there is none or the task is ongoing.
    var ended: Duration? { isOngoing ? nil : attempts.last?.end }

    /// Whether the task is running or will be retried.
    var isOngoing: Bool { attempts.last.map { $0.end == nil || isRetried } ?? false }

    /// The activities of the task, in chronological order.
    var spans: [TimelineSpan] {
        var spans = waits
        for (index, attempt) in attempts.enumerated() {
            if index > 0, let end = attempts[index - 1].end, end < attempt.start {
                spans.append(TimelineSpan(.pause, from: end, to: attempt.start))
            }
            spans += attempt.spans
        }
        if isOngoing, let end = attempts.last?.end { spans.append(TimelineSpan(.pause, from: end, to: nil)) }
        return spans
    }

    /// Returns an interrupted attempt; if no outcome was recorded, the unit's end time is used if possible.
    private static func interrupted(_ attempt: TaskAttempt, _ unit: UnitTimes?) -> TaskAttempt {
        guard attempt.outcome == nil else { return attempt }
        var killed = attempt.killed
        let isOfUnit = unit?.started.map { $0 <= attempt.start + precision } ?? false
        if isOfUnit, let end = unit?.ended { killed.end = max(killed.end ?? end, end) }
        return killed
    }

    /// Extends an attempt by the activity of its unit before and after the program.
    ///
    /// - Parameters:
    ///   - attempt: The attempt, which may have been run by hand.
    ///   - unit: The times of the unit's last start.
    ///   - earlier: The time at which the previous attempt ended.
    private static func extend(_ attempt: inout TaskAttempt, to unit: UnitTimes, after earlier: Duration?) {
        guard let started = unit.started, started <= attempt.start + precision,
            started >= (earlier ?? .zero) - precision
        else { return }
        if let end = attempt.end {
            if let unitEnd = unit.startEnd {
                guard unitEnd >= end - precision else { return }
                attempt.end = max(end, unitEnd)
            } else if unit.state.active == "activating", attempt.isSuccess {
                attempt.end = nil
            }
        } else if let ended = unit.ended, ended < attempt.start {
            return
        }
        attempt.start = min(attempt.start, started)
    }
}

extension TaskAttempt {
    /// The attempt, if it has no recorded end, marked as interrupted at the last known time of a wait.
    fileprivate var killed: Self {
        guard outcome == nil else { return self }
        var attempt = self
        attempt.outcome = .interrupted
        attempt.end = waits.last.map { $0.end ?? $0.start } ?? start
        return attempt
    }
}
