import Base
import Execution
import State
import YAML

/// Formats events as JSON objects.
///
/// The fields are documented in `docs/json.md`, which a test compares with the actual output.
struct JSONFormatter {
    let run: String
    let isDryRun: Bool

    /// The numbers of the last event and of the last line.
    private var last = (event: 0, line: 0)

    init(run: String, isDryRun: Bool) {
        self.run = run
        self.isDryRun = isDryRun
    }

    /// Formats an event as the lines of its objects; an event that is not news has none.
    ///
    /// Every line has a sequence number. Dropped events leave a gap of the same size.
    mutating func lines(for event: ReportedEvent) -> [UInt8] {
        last.line += max(0, event.stamped.number - last.event - 1)
        last.event = event.stamped.number
        return records(for: event).flatMap { record in
            last.line += 1
            return record.line(run: run, sequence: last.line, milliseconds: event.stamped.milliseconds)
        }
    }

    private func records(for event: ReportedEvent) -> [JSONRecord] {
        guard event.isNews else { return [] }
        let task = event.event.task
        switch event.event.kind {
        case .runStarted(let tasks):
            return [JSONRecord("run-started", nil, ["tasks": .number(tasks.count), "dryRun": .boolean(isDryRun)])]
        case .taskStarted(let verb): return [JSONRecord("task-started", task, ["verb": .string(verb)])]
        case .waiting(let wait):
            var record = JSONRecord(
                "waiting",
                task,
                [
                    "message": .string("\(wait)"), "kind": .string(wait.subject.kind.rawValue),
                    "subject": .string(wait.subject.text),
                ]
            )
            if let reason = wait.reason { record.fields.append(("reason", .string(reason))) }
            return [record]
        case .lease(let holder): return [JSONRecord("lease", task, holder.fields)]
        case .objectCount(let count): return [JSONRecord("object-count", task, ["count": .number(count)])]
        case .planned(let text): return [JSONRecord("planned", task, ["message": .string(text)])]
        case .path(let path, let result):
            var record = JSONRecord("path", task, ["path": .string(path), "result": .string(result.change.rawValue)])
            record.add(diff: result.diff)
            return [record]
        case .change(let subject, let text):
            return [JSONRecord("change", task, ["subject": .string(subject), "message": .string(text)])]
        case .object(let object, let result): return [record(task, object, result)]
        case .objectFailed(let object, let error):
            return individualProblems(of: error).map { JSONRecord($0, task, object: object) }
        case .warning(let subject, let text):
            return [JSONRecord("warning", task, ["subject": .string(subject), "message": .string(text)])]
        case .output(let text): return [JSONRecord("output", task, ["message": .string(text)])]
        case .taskFinished(let outcome, let duration):
            let end = record(task, outcome, duration, event.counts, isStarted: event.verb != nil)
            return event.problems.map { JSONRecord($0, task) } + [end]
        case .runFinished(let report):
            let duration = ("durationSeconds", Node.seconds(event.elapsed))
            return [JSONRecord("run-finished", nil, OutcomeCounts(report).fields + [duration])]
        }
    }

    private func record(_ task: String?, _ object: String, _ result: ObjectResult) -> JSONRecord {
        let fields: KeyValuePairs<String, Node> = [
            "object": .string(object), "result": .string(result.change.rawValue),
        ]
        var record = JSONRecord("object", task, fields)
        if !result.fields.isEmpty { record.fields.append(("fields", .sequence(result.fields.map { .string($0) }))) }
        record.add(diff: result.diff)
        if !result.notes.isEmpty { record.fields.append(("notes", .sequence(result.notes.map { .string($0) }))) }
        return record
    }

    private func record(
        _ task: String?,
        _ outcome: Outcome,
        _ duration: Duration,
        _ counts: ResultCounts,
        isStarted: Bool,
    ) -> JSONRecord {
        let fields: KeyValuePairs<String, Node> = ["outcome": .string(outcome.name), "started": .boolean(isStarted)]
        var record = JSONRecord("task-finished", task, fields)
        record.fields.append(("durationSeconds", .seconds(duration)))
        if case .skipped(let causes) = outcome, let cause = causes.first {
            record.fields.append(("because", .string(cause)))
        }
        if let counts = counts.node { record.fields.append(("objects", counts)) }
        return record
    }
}
