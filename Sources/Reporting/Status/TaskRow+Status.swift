import Base
import Execution
import State

extension TaskRow {
    /// Creates the row of a task from what `status` knows about it.
    ///
    /// - Parameters:
    ///   - status: What is known.
    ///   - now: The time that the age of a running task is counted to.
    init(_ status: TaskStatus, at now: Timestamp) {
        self.init(name: status.task, phase: status.phase, word: "\(status.state)", tone: status.state.tone)
        let reasons = status.reasonLines
        switch status.state {
        case .running:
            if let start = status.startedAt { time = Duration.seconds(max(0, now.seconds - start.seconds)).clockText }
            detail = reasons.joined(separator: "; ")
        case .ended(let kind):
            time = status.duration?.humanReadable ?? ""
            let age = status.age.map { "\($0.clockText) ago" }
            let end = status.isPermanent ? "not retried" : nil
            let retry = status.retriesIn.map { "retries in \($0.clockText)" } ?? end
            let parts = [age, kind == .failed ? retry : nil]
            let repetition = status.repetitionWords.isEmpty ? nil : "repetition \(status.repetitionWords)"
            let counts = status.counts.isEmpty ? nil : status.counts.text
            let cause = kind == .failed || kind.isSuccess || reasons.isEmpty ? nil : reasons.joined(separator: "; ")
            detail = (parts + [counts, repetition, cause]).compactMap(\.self).joined(separator: ", ")
            if kind == .failed { problems = reasons.map { "error: \($0)" } }
            if kind.isSuccess { problems = reasons }
        case .unknown: problems = reasons.map { "error: \($0)" }
        case .waiting where !status.waitsFor.isEmpty:
            // As in the view of a run: the word before it says that the task waits.
            detail = "for \(shortList(status.waitsFor))"
        case .notYet, .waiting:
            detail = reasons.isEmpty ? status.service?.words ?? "" : reasons.joined(separator: "; ")
        }
    }
}

extension TaskStatus {
    /// How far the task has got.
    ///
    /// A task whose last repetition has failed, or is unknown, is no success, as for the exit code.
    var phase: TaskRow.Phase {
        switch state {
        case .running: isWaiting ? .waiting : .working
        case .ended where repetition?.hasFailed == true || countedState == .unknown: .ended(.failed)
        case .ended(let kind): .ended(kind)
        case .unknown: .ended(.failed)
        case .notYet, .waiting: .open
        }
    }

    /// Whether the task runs and does nothing until something else happens.
    var isWaiting: Bool { state == .running && (reason?.hasPrefix("waiting") == true || lease?.isSelf == false) }
}
