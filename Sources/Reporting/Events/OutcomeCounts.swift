import Execution
import YAML

/// The number of tasks of a run with each outcome.
struct OutcomeCounts {
    /// The outcomes in the order in which they are printed, each with its number of tasks.
    let counts: [(kind: Outcome.Kind, count: Int)]

    /// The total number of tasks.
    let total: Int

    init(_ report: Report) {
        total = report.entries.count
        var counts: [Outcome.Kind: Int] = [:]
        for entry in report.entries { counts[entry.outcome.kind, default: 0] += 1 }
        self.counts = Outcome.Kind.allCases.map { ($0, counts[$0] ?? 0) }
    }

    /// The last line of a run, such as `12 tasks: 3 changed, 8 unchanged, 1 failed`.
    var text: String {
        guard total > 0 else { return "no task to run" }
        let parts = counts.filter { $0.count > 0 }.map { kind, count in "\(count) \(kind.rawValue)" }
        return "\(total) \(total == 1 ? "task" : "tasks"): \(parts.joined(separator: ", "))"
    }

    /// Returns the last line of a dry run, such as `2 tasks would change, 13 unchanged`.
    ///
    /// - Parameter waitCount: The number of unchanged tasks that would only wait.
    /// - Returns: The summary as one line.
    func plan(waitCount: Int) -> String {
        guard total > 0 else { return "no task to run" }
        var parts: [(count: Int, words: String)] = []
        for (kind, count) in counts {
            switch kind {
            case .changed: parts.append((count, "would change"))
            case .unchanged: parts += [(waitCount, "would wait"), (count - waitCount, "unchanged")]
            case .failed, .skipped, .interrupted: parts.append((count, kind.rawValue))
            }
        }
        return parts.filter { $0.count > 0 }.enumerated().map { index, part in
            // Only the first number is followed by the word for tasks.
            index == 0
                ? "\(part.count) \(part.count == 1 ? "task" : "tasks") \(part.words)" : "\(part.count) \(part.words)"
        }.joined(separator: ", ")
    }

    /// The counts as the fields of a JSON object.
    var fields: [(String, Node)] {
        [("tasks", .number(total))] + counts.map { ($0.kind.rawValue, .number($0.count)) }
    }
}
