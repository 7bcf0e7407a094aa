import Base
import Execution
import Host
import State

/// A task while a timeline is made, in times since the start of the machine.
struct TimelineRow {
    /// The attempts until the first success, or those of the last run if it is not known which was the first.
    private(set) var attempts: [TimelineAttempt]

    /// The number of these attempts, of which not all may be known.
    let attemptCount: Int

    /// The number of attempts before these that are not known.
    let unknownCount: Int

    /// Whether the task had succeeded before these attempts, in runs that are not known.
    let hasEarlierSuccess: Bool

    /// The number of runs after that.
    let laterCount: Int

    /// The state of the task as of these attempts.
    private(set) var state: TaskState

    /// Its waits before its first attempt.
    var waits: [TimelineSpan] = []

    /// Whether it has failed and is about to be started again.
    private let isRetried: Bool

    /// The largest difference between the end of a process and the time that systemd has for it.
    private static let precision = Duration.milliseconds(50)

    /// The largest difference between the record of an attempt and its last entry in the journal.
    private static let distance = Duration.seconds(1)

    /// Finds the attempts of a task.
    ///
    /// - Parameters:
    ///   - task: The task with its record.
    ///   - logged: Its attempts in the journal.
    ///   - source: What the timeline is made of.
    init(_ task: TimelineSource.TaskFacts, logged: [TimelineAttempt], _ source: TimelineSource) {
        let unit = source.unit(of: task)
        var found = logged
        if let record = task.record { Self.add(record, of: task.status, to: &found, unit) }
        found.sort { $0.start < $1.start }
        let isFirstKnown = found.first.map { first in
            source.hasWholeJournal && logged.contains { $0.run == first.run } || source.isBoot(firstStart: first.start)
        }
        hasEarlierSuccess = isFirstKnown == false && task.record?.history.lastSuccess != nil
        if hasEarlierSuccess, let earlier = found.dropLast().lastIndex(where: \.isSuccess) {
            found.removeFirst(earlier + 1)
        }
        let success = found.firstIndex(where: \.isSuccess)
        laterCount = success.map { found.count - 1 - $0 } ?? 0
        found.removeLast(laterCount)
        if let unit, let last = found.indices.last {
            Self.extend(&found[last], to: unit, after: found.dropLast().last?.end)
        }
        attempts = found
        // The record of a later run does not count these attempts.
        let recordedCount = laterCount == 0 ? task.record?.attempt ?? 0 : 0
        unknownCount = max(0, (found.first?.number ?? 1) - 1)
        attemptCount = found.isEmpty ? 0 : max(unknownCount + found.count, recordedCount)
        state = task.status.state
        if let last = found.last, last.isSuccess, let outcome = last.outcome {
            state = last.end == nil ? .running : .ended(outcome)
        }
        isRetried = task.status.retriesIn != nil && success == nil
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

    /// Adds what a record has about the last attempt and the one before.
    private static func add(
        _ record: TaskRecord,
        of status: TaskStatus,
        to attempts: inout [TimelineAttempt],
        _ unit: UnitTimes?,
    ) {
        if record.outcome != .skipped {
            let time = Duration.milliseconds(record.uptimeMilliseconds)
            var attempt =
                attempts.first { $0.run == record.run } ?? TimelineAttempt(run: record.run, start: time, end: time)
            (attempt.outcome, attempt.number) = (record.outcome, record.attempt)
            if record.outcome != nil {
                (attempt.start, attempt.end) = (max(.zero, time - .microseconds(record.durationMicroseconds)), time)
            } else if status.state == .ended(.interrupted) {
                // Its process was killed. The journal, or systemd, knows until when it was there at least.
                let isOfUnit = unit?.started.map { $0 <= time } ?? false
                let ends = [attempt.end, isOfUnit ? unit?.ended : nil].compactMap(\.self)
                (attempt.start, attempt.end) = (time, ends.reduce(time) { max($0, $1) })
                attempt.outcome = .interrupted
            } else {
                (attempt.start, attempt.end) = (time, nil)
            }
            attempts.removeAll { $0.run == record.run }
            attempts.append(attempt)
        }
        guard let last = record.history.lastEnd, last.outcome != .skipped else { return }
        let end = Duration.milliseconds(last.uptimeMilliseconds)
        let isKnown = attempts.contains { attempt in
            attempt.end.map { $0 > end - distance && $0 < end + distance } ?? false
        }
        guard !isKnown else { return }
        let start = max(.zero, end - (last.duration ?? .zero))
        attempts.append(TimelineAttempt(run: "", start: start, end: end, outcome: last.outcome, number: last.attempt))
    }

    /// Adds to an attempt what its unit did before and after the program.
    ///
    /// - Parameters:
    ///   - attempt: The attempt, which a run by hand may have made.
    ///   - unit: The unit's times, which are those of its last start.
    ///   - earlier: When the attempt before ended.
    private static func extend(_ attempt: inout TimelineAttempt, to unit: UnitTimes, after earlier: Duration?) {
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
