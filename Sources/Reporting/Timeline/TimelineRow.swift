import Base
import Execution
import Host
import State

/// A task while a timeline is made, in times since the start of the machine.
struct TimelineRow {
    /// The attempts until the first success, or those of the last run if it is not known which was the first.
    private(set) var attempts: [TaskAttempt]

    /// The number of attempts before these that are not known.
    let unknownCount: Int

    /// The number of these attempts, also those that are not known.
    var attemptCount: Int { attempts.isEmpty ? 0 : unknownCount + attempts.count }

    /// Whether the task had succeeded before these attempts, in runs that are not known.
    let hasEarlierSuccess: Bool

    /// Whether the task has run again since.
    let hasLaterRun: Bool

    /// The state of the task as of these attempts.
    private(set) var state: TaskState

    /// Its waits before its first attempt.
    var waits: [TimelineSpan] = []

    /// Whether it has failed and is about to be started again.
    private let isRetried: Bool

    /// The largest difference between the end of a process and the time that systemd has for it.
    private static let precision = Duration.milliseconds(50)

    /// Finds the attempts of a task.
    ///
    /// - Parameters:
    ///   - task: The task with its record and the attempts before it.
    ///   - source: What the timeline is made of.
    init(_ task: TimelineSource.TaskFacts, _ source: TimelineSource) {
        let unit = source.unit(of: task)
        var found = task.earlier.map(\.killed)
        let last = task.record?.ownAttempt
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

    /// When the first of its attempts that are known was started.
    var started: Duration? { attempts.first?.start }

    /// When its dependants could start, `nil` if they cannot yet.
    var succeeded: Duration? { attempts.last.flatMap { $0.isSuccess ? $0.end : nil } }

    /// When its last attempt ended, `nil` if it was not started or goes on.
    var ended: Duration? { isOngoing ? nil : attempts.last?.end }

    /// Whether it runs or is about to be retried.
    var isOngoing: Bool { attempts.last.map { $0.end == nil || isRetried } ?? false }

    /// Its activities, in the order of time.
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

    /// An attempt that has ended by a signal; if its process was killed, its unit has the time.
    private static func interrupted(_ attempt: TaskAttempt, _ unit: UnitTimes?) -> TaskAttempt {
        guard attempt.outcome == nil else { return attempt }
        var killed = attempt.killed
        let isOfUnit = unit?.started.map { $0 <= attempt.start + precision } ?? false
        if isOfUnit, let end = unit?.ended { killed.end = max(killed.end ?? end, end) }
        return killed
    }

    /// Adds to an attempt what its unit did before and after the program.
    ///
    /// - Parameters:
    ///   - attempt: The attempt, which a run by hand may have made.
    ///   - unit: The unit's times, which are those of its last start.
    ///   - earlier: When the attempt before ended.
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
    /// The attempt, which has not recorded its end, as interrupted when it was last known to wait.
    fileprivate var killed: Self {
        guard outcome == nil else { return self }
        var attempt = self
        attempt.outcome = .interrupted
        attempt.end = waits.last.map { $0.end ?? $0.start } ?? start
        return attempt
    }
}
