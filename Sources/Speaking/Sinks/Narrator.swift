import Execution
import Planning

/// Puts events into lines for people.
///
/// An object that was as described gets no line of its own: the task's last line counts it.
struct Narrator {
    private(set) var ledger = Ledger()
    private let isDryRun: Bool

    init(isDryRun: Bool = false) {
        self.isDryRun = isDryRun
    }

    /// Tells an event in lines, none where it matters to nobody.
    mutating func lines(for event: Event) -> [Line] {
        ledger.note(event)
        let task = event.task
        switch event.kind {
        case .runStarted, .taskStarted: return []
        case .waiting(let words):
            return ledger.isNewWait(words, of: task) ? [Line(task, "waiting: \(words)", .waiting)] : []
        case .path(let path, let result): return lines(task, path, result)
        case .object(let object, let result): return lines(task, object, result)
        case .objectFailed(let object, let error):
            return ledger.untold(problems(of: error), of: task).map { line($0, task, object: object) }
        case .warning(let subject, let text):
            return [Line(task, "warning: \(joined([subject, text]))", .warning)]
        // The bar tells a child's words from ours, whatever they are.
        case .output(let text): return [Line(task, "| \(text)", .output)]
        case .taskFinished(let outcome, let duration): return lines(task, outcome, duration)
        case .runFinished(let report): return lines(report)
        }
    }

    private func lines(_ task: String?, _ path: String, _ result: Event.PathResult) -> [Line] {
        guard result != .unchanged else { return [] }
        return [Line(task, "\(path) \(wish(result.rawValue))", .progress)]
    }

    private func lines(_ task: String?, _ object: String, _ result: Event.ObjectResult) -> [Line] {
        guard result.change != .unchanged else { return [] }
        let head = Line(task, "\(object) \(wish(result.change.rawValue))", .progress)
        return [head] + result.fields.map { Line(task, "    \($0)", .progress) }
    }

    private func wish(_ participle: String) -> String {
        isDryRun ? "would be \(participle)" : participle
    }

    private func line(_ problem: Problem, _ task: String?, object: String? = nil) -> Line {
        var problem = problem
        if let object { problem.message = joined([object, problem.message]) }
        return Line(task, "error: \(problem)", .error)
    }

    private mutating func lines(_ task: String?, _ outcome: Outcome, _ duration: Duration) -> [Line] {
        let counts = ledger[task].objects.text(isDryRun: isDryRun)
        let end = " in \(duration.forPeople)" + (counts.isEmpty ? "" : " (\(counts))")
        switch outcome {
        case .changed: return [Line(task, (isDryRun ? "would change" : "changed") + end, .changed)]
        case .unchanged: return [Line(task, "unchanged" + end, .unchanged)]
        case .failed(let error):
            let errors = ledger.untold(problems(of: error), of: task).map { line($0, task) }
            return errors + [Line(task, "failed" + end, .failed)]
        case .skipped(let cause): return [Line(task, "skipped: '\(cause)' did not succeed", .skipped)]
        case .interrupted: return [Line(task, "interrupted" + end, .failed)]
        }
    }

    private mutating func lines(_ report: Report) -> [Line] {
        var lines: [Line] = []
        for entry in report.entries where !ledger[entry.task].isFinished {
            lines += self.lines(entry.task, entry.outcome, entry.duration)
        }
        return lines + [Line(nil, Tally(report).text(isDryRun: isDryRun), .summary)]
    }
}
