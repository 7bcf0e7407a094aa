import Base
import Planning

/// A sink that reports a run or a dry run as lines of text.
struct LineSink: EventSink {
    let output: ConsoleOutput
    var isColoured = false

    var isBehind: Bool { output.isBacklogged }

    mutating func receive(_ event: ReportedEvent) {
        for line in event.lines {
            if line.isDiagnostic {
                output.write("\(line)\n", to: .diagnostics)
            } else {
                output.write("\(line.painted(isColoured))\n")
            }
        }
    }
}

/// A dry-run sink with diffs, notes, planned effects and a summary on standard output, the rest on standard error.
public struct DiffSink: EventSink {
    private let output: ConsoleOutput
    private let isColoured: Bool
    /// The planned effects of the tasks that have not ended.
    private var planned: [String: [String]] = [:]

    public init(_ output: ConsoleOutput, isColoured: Bool) {
        self.output = output
        self.isColoured = isColoured
    }

    /// Writes the lines of an event; a created or removed path or object is compared with `/dev/null`, as in `diff`.
    public mutating func receive(_ event: ReportedEvent) {
        let task = event.event.task ?? ""
        switch event.event.kind {
        case .path(let path, let result):
            if result.change == .unchanged { break }
            write(
                difference(of: path, task, isNew: result.change == .created, isRemoved: result.change == .removed)
                    + result.diff
            )
        case .object(let object, let result):
            write(result.notes.map { "\(object): \($0)" })
            if result.change == .unchanged { break }
            let head = difference(
                of: object,
                task,
                isNew: result.change == .created,
                isRemoved: result.change == .deleted,
                remark: result.change == .replaced ? "; deleted and created again" : ""
            )
            write(head + (result.changesOnlyManagers ? ["only field managers change"] : result.diff))
        case .planned(let text): planned[task, default: []].append(text)
        case .taskFinished(let outcome, _):
            let texts = planned.removeValue(forKey: task) ?? []
            // The planned effects of a task that would change nothing, such as a wait, are left out.
            if case .changed = outcome { write(texts.map { "task '\(task)' \($0)" }) }
            if !outcome.isSuccess { writeDiagnostics(event.lines) }
        case .runFinished: write(event.lines)
        case .runStarted, .taskStarted, .change, .lease, .objectCount, .waiting, .objectFailed, .warning, .output:
            writeDiagnostics(event.lines)
        }
    }

    private func difference(
        of subject: String,
        _ task: String,
        isNew: Bool,
        isRemoved: Bool,
        remark: String = "",
    ) -> [String] {
        let new = isRemoved ? "/dev/null" : "\(subject) (task '\(task)'\(remark))"
        return ["--- \(isNew ? "/dev/null" : subject)", "+++ \(new)"]
    }

    private func write(_ lines: [String]) { write(lines.map { Line(diff: $0) }) }

    private func write(_ lines: [Line]) {
        output.write(lines.map { "\($0.painted(isColoured))\n" }.joined())
    }

    private func writeDiagnostics(_ lines: [Line]) {
        for line in lines { output.write("\(line)\n", to: .diagnostics) }
    }
}
