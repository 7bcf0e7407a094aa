import Actions
import Execution
import Host
import PKI
import Planning
import Speaking
import Locking

/// Writes a record of every task that ends.
///
/// A task that was not started leaves a record of success alone: what it came to earlier on this boot still holds.
final class Recorder: Sendable {
    private let records: RecordStore
    private let run: String
    private let verbs: [String: String]
    private let sink: any EventSink
    private let state = Locked<[String: Running]>([:])

    /// What is known of a task that runs.
    private struct Running {
        var counts = TaskRecord.Counts()
        var reasons: [String] = []
        var attempt = 1
        /// What the task came to before, if that was a success.
        var success: TaskRecord?
    }

    /// So many lines of a failure are kept.
    private static let reasonLimit = 10

    init(_ records: RecordStore, run: String, plan: Plan, sink: any EventSink) {
        self.records = records
        self.run = run
        self.sink = sink
        verbs = Dictionary(
            plan.steps.map { ($0.task.name, $0.task.verb.name) },
            uniquingKeysWith: { first, _ in first }
        )
    }

    /// Notes that a task is about to do something, so that it counts as interrupted if nobody comes to note its end.
    func begin(_ task: String) {
        let attempt = records.nextAttempt(of: task)
        let earlier = try? records.record(of: task)
        state.withLock { state in
            state[task]?.attempt = attempt
            if let earlier, earlier.isSuccess { state[task]?.success = earlier }
        }
        var record = record(of: task, .interrupted, after: .zero)
        record.attempt = attempt
        record.reason = "it was killed, or the power failed"
        write(record)
    }

    /// Takes an event.
    func receive(_ event: Event) {
        guard let task = event.task else { return }
        switch event.kind {
        case .taskStarted: state.withLock { $0[task] = Running() }
        case .object(_, let result): count(result.change.rawValue, task)
        case .path(_, let result): count(result.rawValue, task)
        case .objectFailed(_, let error):
            count("failed", task)
            let lines = problems(of: error).map(\.description)
            state.withLock { $0[task]?.reasons += lines }
        case .taskFinished(let outcome, let duration): finish(task, outcome, duration)
        case .runStarted, .waiting, .warning, .output, .runFinished: break
        }
    }

    private func count(_ result: String, _ task: String) {
        state.withLock { state in
            switch result {
            case "created": state[task]?.counts.created += 1
            case "changed", "configured": state[task]?.counts.changed += 1
            case "failed": state[task]?.counts.failed += 1
            default: state[task]?.counts.unchanged += 1
            }
        }
    }

    private func finish(_ task: String, _ outcome: Outcome, _ duration: Duration) {
        let running = state.withLock { $0.removeValue(forKey: task) }
        let earlier = try? records.record(of: task)
        if running == nil, let earlier, earlier.isSuccess { return }
        var reasons = running?.reasons ?? []
        switch outcome {
        case .failed(let error): reasons.insert(chain(error), at: 0)
        case .skipped(let because): reasons = ["task '\(because)' did not succeed"]
        case .changed, .unchanged, .interrupted: break
        }
        if case .interrupted = outcome, let running, let success = running.success,
            verbs[task] != "exec", running.counts == TaskRecord.Counts()
        {
            // It had not come to anything yet, so all is as it was.
            return write(success)
        }
        var record = record(of: task, outcome, after: duration)
        record.counts = running?.counts ?? TaskRecord.Counts()
        record.reason = reasons.isEmpty ? nil : reasons.prefix(Self.reasonLimit).joined(separator: "\n")
        // Who was not started has not tried.
        record.attempt = running?.attempt ?? earlier?.attempt ?? 0
        write(record)
    }

    private func record(of task: String, _ outcome: Outcome, after duration: Duration) -> TaskRecord {
        let (seconds, attoseconds) = duration.components
        return TaskRecord(
            task: task,
            verb: verbs[task] ?? "",
            outcome: outcome.name,
            finishedAt: .now(),
            durationMicroseconds: seconds * 1_000_000 + attoseconds / 1_000_000_000_000,
            counts: TaskRecord.Counts(),
            reason: nil,
            run: run,
        )
    }

    private func write(_ record: TaskRecord) {
        do {
            try records.write(record)
        } catch {
            sink.receive(Event(task: record.task, .warning(subject: "state", "\(error)")))
        }
    }
}
