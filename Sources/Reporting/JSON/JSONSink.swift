import Base
import Planning

/// A sink that reports a run, including errors, as JSON objects on standard output.
///
/// The fields are documented in `docs/json.md`, which a test compares with the actual output.
public struct JSONSink: EventSink {
    private let output: ConsoleOutput
    private let run: String
    private let isDryRun: Bool
    private var lineCount = 0

    public init(_ output: ConsoleOutput, run: String, isDryRun: Bool = false) {
        (self.output, self.run, self.isDryRun) = (output, run, isDryRun)
    }

    public var isBehind: Bool { output.isBacklogged }

    public mutating func receive(_ event: ReportedEvent) {
        for record in records(for: event) {
            lineCount += 1
            output.write(
                record.line(run: run, sequence: lineCount, milliseconds: event.milliseconds),
                to: .results
            )
        }
    }

    /// Returns the objects for an event; a repeated wait has none.
    private func records(for event: ReportedEvent) -> [JSONRecord] {
        guard event.isNews else { return [] }
        let task = event.event.task
        switch event.event.kind {
        case .runStarted(let tasks):
            return [JSONRecord("run-started", nil, [("tasks", .number(tasks.count)), ("dryRun", .boolean(isDryRun))])]
        case .taskStarted(let verb): return [JSONRecord("task-started", task, [("verb", .string(verb))])]
        case .waiting(let wait):
            let fields: [(String, Node?)] = [
                ("message", .string("\(wait)")), ("kind", .string(wait.subject.kind.rawValue)),
                ("subject", .string(wait.subject.text)), ("reason", .text(wait.reason)),
            ]
            return [JSONRecord("waiting", task, fields)]
        case .lease(let holder): return [JSONRecord("lease", task, holder.fields)]
        case .objectCount(let count): return [JSONRecord("object-count", task, [("count", .number(count))])]
        case .planned(let text): return [JSONRecord("planned", task, [("message", .string(text))])]
        case .path(let path, let result):
            let fields: [(String, Node?)] = [
                ("path", .string(path)), ("result", .string(result.change.rawValue)), ("diff", diff(result.diff)),
            ]
            return [JSONRecord("path", task, fields)]
        case .change(let subject, let text):
            return [JSONRecord("change", task, [("subject", .string(subject)), ("message", .string(text))])]
        case .object(let object, let result): return [record(task, object, result)]
        case .objectFailed(let object):
            return object.problems.flatMap(problems).map { JSONRecord($0, task, object: object.name) }
        case .warning(let subject, let text):
            return [JSONRecord("warning", task, [("subject", .string(subject)), ("message", .string(text))])]
        case .output(let text): return [JSONRecord("output", task, [("message", .string(text))])]
        case .taskFinished(let outcome, let duration):
            let end = record(task, outcome, duration, event.counts, isStarted: event.verb != nil)
            return event.problems.map { JSONRecord($0, task) } + [end]
        case .runFinished(let report):
            let fields = OutcomeCounts(report).fields + [("durationSeconds", .seconds(event.elapsed))]
            return [JSONRecord("run-finished", nil, fields)]
        }
    }

    private func record(_ task: String?, _ object: String, _ result: ObjectResult) -> JSONRecord {
        let fields: [(String, Node?)] = [
            ("object", .string(object)), ("result", .string(result.change.rawValue)),
            ("fields", result.fields.isEmpty ? nil : .strings(result.fields)), ("diff", diff(result.diff)),
            ("notes", result.notes.isEmpty ? nil : .strings(result.notes)),
        ]
        return JSONRecord("object", task, fields)
    }

    private func diff(_ lines: [String]) -> Node? {
        lines.isEmpty ? nil : .string(lines.map { "\($0)\n" }.joined())
    }

    private func record(
        _ task: String?,
        _ outcome: Outcome,
        _ duration: Duration,
        _ counts: ResultCounts,
        isStarted: Bool,
    ) -> JSONRecord {
        let cause: String? = if case .skipped(let causes) = outcome { causes.first } else { nil }
        let fields: [(String, Node?)] = [
            ("outcome", .string(outcome.name)), ("started", .boolean(isStarted)),
            ("durationSeconds", .seconds(duration)), ("because", .text(cause)), ("objects", counts.node),
        ]
        return JSONRecord("task-finished", task, fields)
    }
}

extension ConsoleOutput {
    /// Writes objects to standard output, one per line, and adds the last line ending if it is missing.
    public func writeObjects(_ lines: String) {
        let end = lines.isEmpty || lines.hasSuffix("\n") ? "" : "\n"
        write(Array((lines + end).utf8), to: .results)
    }
}
