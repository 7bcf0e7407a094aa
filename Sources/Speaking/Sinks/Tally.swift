import Execution
import YAML

/// How many tasks of a run came to what.
struct Tally {
    /// The words in the order in which they are told, each with its number.
    let counts: [(name: String, count: Int)]

    /// The number of tasks.
    let total: Int

    init(_ report: Report) {
        total = report.entries.count
        counts = ["changed", "unchanged", "failed", "skipped", "interrupted"].map { name in
            (name, report.entries.count { $0.outcome.name == name })
        }
    }

    /// The last line of a run, such as `12 tasks: 3 changed, 8 unchanged, 1 failed`.
    func text(isDryRun: Bool) -> String {
        guard total > 0 else { return "no task to run" }
        let parts = counts.filter { $0.count > 0 }.map { name, count in
            isDryRun && name == "changed" ? "\(count) would change" : "\(count) \(name)"
        }
        return "\(total) \(total == 1 ? "task" : "tasks"): \(parts.joined(separator: ", "))"
    }

    /// The same as the fields of a JSON object.
    var fields: [(String, Node)] {
        [("tasks", .number(total))] + counts.map { ($0.name, .number($0.count)) }
    }
}
