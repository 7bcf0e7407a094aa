import Base
import Planning

/// A formatter that turns events into human-readable lines.
struct LineFormatter {
    let isDryRun: Bool
    /// The tasks whose planned effects a dry run has printed.
    private var tasksWithPlans: Set<String> = []

    init(isDryRun: Bool) { self.isDryRun = isDryRun }

    /// Formats an event, with the problems that were not reported before.
    ///
    /// Some events have no lines, such as the start of a task, or an unchanged path.
    mutating func lines(
        for event: Event,
        problems: [Problem],
        counts: ResultCounts,
        isStarted: Bool = true,
    ) -> [Line] {
        let task = event.task
        switch event.kind {
        case .runStarted, .taskStarted, .objectCount: return []
        // If another process holds the Lease, the task's wait mentions it.
        case .lease(let holder): return holder.isSelf ? [Line(task, holder.text, .progress)] : []
        case .waiting(let wait): return [Line(task, "waiting: \(wait)", .waiting)]
        case .planned(let text):
            tasksWithPlans.insert(task ?? "")
            return [Line(task, text, .progress)]
        case .path(let path, let result): return lines(task, path, result)
        case .change(let subject, let text): return [Line(task, "\(subject) \(text)", .progress)]
        case .object(let object, let result): return lines(task, object, result)
        case .objectFailed: return problems.map { line($0, task) }
        case .warning(let subject, let text):
            return [Line(task, "warning: \(joined([subject, text]))", .warning)]
        // The bar distinguishes output of child processes from the program's own lines.
        case .output(let text): return [Line(task, "| \(text)", .output)]
        case .taskFinished(let outcome, let duration):
            if case .interrupted = outcome, !isStarted { return [Line(task, "not started (interrupted)", .skipped)] }
            let end = isDryRun ? plan(task, outcome, counts) : [line(task, outcome, duration, counts)]
            return problems.map { line($0, task) } + end
        case .runFinished(let report):
            // A dry run lists the unchanged tasks for which no planned effect was printed.
            let unchanged = report.entries.filter { $0.outcome.kind == .unchanged && !tasksWithPlans.contains($0.task) }
            let names = isDryRun ? unchanged.map(\.task) : []
            let list = names.isEmpty ? [] : [Line(nil, "unchanged: \(names.joined(separator: ", "))", .unchanged)]
            return list + [Line(nil, OutcomeCounts(report).text(isDryRun: isDryRun), .summary)]
        }
    }

    private func lines(_ task: String?, _ path: String, _ result: Event.PathResult) -> [Line] {
        guard result.change != .unchanged else { return [] }
        let head = Line(task, "\(path) \(planned(result.change.rawValue))", .progress)
        return [head] + (result.change == .changed ? diff(result.diff) : [])
    }

    private func lines(_ task: String?, _ object: String, _ result: ObjectResult) -> [Line] {
        let notes = result.notes.map { Line(task, "\(object): \($0)", .progress) }
        guard result.change != .unchanged else { return notes }
        let managers = result.changesOnlyManagers ? " (only field managers)" : ""
        let head = Line(task, "\(object) \(planned(result.change.rawValue))\(managers)", .progress)
        guard [.configured, .replaced].contains(result.change), !result.diff.isEmpty else {
            return [head] + result.fields.map { Line(task, "    \($0)", .progress) } + notes
        }
        return [head] + diff(result.diff) + notes
    }

    private func diff(_ lines: [String]) -> [Line] { lines.map { Line(diff: $0, indentation: 4) } }

    private func planned(_ participle: String) -> String {
        isDryRun ? "would be \(participle)" : participle
    }

    private func line(_ problem: Problem, _ task: String?) -> Line { Line(task, "error: \(problem)", .error) }

    private func line(_ task: String?, _ outcome: Outcome, _ duration: Duration, _ counts: ResultCounts) -> Line {
        // The duration of a dry run is irrelevant.
        let time = isDryRun ? "" : " in \(duration.humanReadable)"
        let end = time + (counts.isEmpty ? "" : " (\(counts.text))")
        return switch outcome {
        case .changed: Line(task, "changed" + end, .changed)
        case .unchanged: Line(task, "unchanged" + end, .unchanged)
        case .failed: Line(task, "failed" + end, .failed)
        case .skipped(let causes): Line(task, "skipped: \(quotedList(causes)) did not succeed", .skipped)
        case .interrupted: Line(task, "interrupted" + end, .failed)
        }
    }

    /// Returns the last line about a task in a dry run, if it adds anything to the earlier lines.
    private func plan(_ task: String?, _ outcome: Outcome, _ counts: ResultCounts) -> [Line] {
        switch outcome {
        case .unchanged: []
        case .changed: counts.plan.map { [Line(task, $0, .changed)] } ?? []
        case .failed, .skipped, .interrupted: [line(task, outcome, .zero, ResultCounts())]
        }
    }
}
