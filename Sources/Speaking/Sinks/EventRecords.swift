import Execution
import YAML

/// Puts events into JSON objects, one for each thing that a program may want to know.
///
/// Every object has `time`, `run` and `event`, and `task` unless it is about the run as a whole. What else it has:
///
/// | event | fields |
/// | --- | --- |
/// | `run-started` | `tasks`, `dryRun` |
/// | `task-started` | `verb` |
/// | `waiting` | `message` |
/// | `path` | `path`, `result`: created, changed, unchanged |
/// | `object` | `object`, `result`: created, configured, unchanged; `fields` that would change, with a dry run |
/// | `warning` | `subject`, `message` |
/// | `error` | `message`; `object`, `place` (`file`, `line`, `column`) and `hint` where there are any |
/// | `output` | `message`: a line that a child process printed |
/// | `task-finished` | `outcome`, `durationSeconds`; `because`, if another task did not succeed; `objects`: their numbers |
/// | `run-finished` | `tasks`, `changed`, `unchanged`, `failed`, `skipped`, `interrupted`, `durationSeconds` |
///
/// Fields may be added; none is renamed or removed.
struct EventRecords {
    private var ledger = Ledger()
    private var runStart: Duration?
    private let isDryRun: Bool

    init(isDryRun: Bool = false) {
        self.isDryRun = isDryRun
    }

    /// Tells an event in objects, of which the caller adds the first fields.
    mutating func records(for event: Event, at uptime: Duration) -> [EventRecord] {
        ledger.note(event)
        let task = event.task
        switch event.kind {
        case .runStarted(let count):
            runStart = uptime
            return [EventRecord("run-started", nil, ["tasks": .number(count), "dryRun": .boolean(isDryRun)])]
        case .taskStarted(let verb): return [EventRecord("task-started", task, ["verb": .string(verb)])]
        case .waiting(let words):
            guard ledger.isNewWait(words, of: task) else { return [] }
            return [EventRecord("waiting", task, ["message": .string(words)])]
        case .path(let path, let result):
            return [EventRecord("path", task, ["path": .string(path), "result": .string(result.rawValue)])]
        case .object(let object, let result): return [record(task, object, result)]
        case .objectFailed(let object, let error):
            return ledger.untold(problems(of: error), of: task).map { EventRecord($0, task, object: object) }
        case .warning(let subject, let text):
            return [EventRecord("warning", task, ["subject": .string(subject), "message": .string(text)])]
        case .output(let text): return [EventRecord("output", task, ["message": .string(text)])]
        case .taskFinished(let outcome, let duration): return records(task, outcome, duration)
        case .runFinished(let report): return records(report, at: uptime)
        }
    }

    private func record(_ task: String?, _ object: String, _ result: Event.ObjectResult) -> EventRecord {
        let fields: KeyValuePairs<String, Node> = [
            "object": .string(object), "result": .string(result.change.rawValue),
        ]
        var record = EventRecord("object", task, fields)
        if !result.fields.isEmpty { record.fields.append(("fields", .sequence(result.fields.map { .string($0) }))) }
        return record
    }

    private mutating func records(_ task: String?, _ outcome: Outcome, _ duration: Duration) -> [EventRecord] {
        var record = EventRecord("task-finished", task, ["outcome": .string(outcome.name)])
        record.fields.append(("durationSeconds", .seconds(duration)))
        if case .skipped(let cause) = outcome { record.fields.append(("because", .string(cause))) }
        if let objects = ledger[task].objects.node { record.fields.append(("objects", objects)) }
        guard case .failed(let error) = outcome else { return [record] }
        return ledger.untold(problems(of: error), of: task).map { EventRecord($0, task) } + [record]
    }

    private mutating func records(_ report: Report, at uptime: Duration) -> [EventRecord] {
        var records: [EventRecord] = []
        for entry in report.entries where !ledger[entry.task].isFinished {
            records += self.records(entry.task, entry.outcome, entry.duration)
        }
        let duration = ("durationSeconds", Node.seconds(uptime - (runStart ?? uptime)))
        return records + [EventRecord("run-finished", nil, Tally(report).fields + [duration])]
    }
}
