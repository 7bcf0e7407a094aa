import Base
import Planning

struct OutcomeCounts {
    /// The number of tasks with each outcome, in the order in which the outcomes are printed.
    let counts: [(kind: Outcome.Kind, count: Int)]

    let total: Int

    init(_ outcomes: [Outcome.Kind]) {
        total = outcomes.count
        counts = Outcome.Kind.allCases.map { kind in (kind, outcomes.count { $0 == kind }) }
    }

    init(_ report: Report) { self.init(report.entries.map(\.outcome.kind)) }

    /// Returns the last line of a run, such as `12 tasks: 3 changed, 8 unchanged, 1 failed`.
    func text(isDryRun: Bool = false) -> String {
        total > 0 ? "\(taskCount): \(list(changed: isDryRun ? "would change" : "changed"))" : "no task to run"
    }

    /// The counts of tasks that a live view does not show, such as `12 tasks done: 3 changed, 9 unchanged`.
    var doneText: String { "\(taskCount) done: \(list())" }

    private var taskCount: String { "\(total) \(total == 1 ? "task" : "tasks")" }

    private func list(changed: String = "changed") -> String {
        let words = counts.map { kind, count in (count, kind == .changed ? changed : kind.rawValue) }
        return words.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
    }

    var fields: [(String, Node?)] {
        [("tasks", .number(total))] + counts.map { ($0.kind.rawValue, .number($0.count)) }
    }
}

extension ResultCounts {
    /// The counts that are not zero, such as `20 created, 3 unchanged`.
    var text: String {
        let named = [
            (created, "created"), (changed, "configured"), (deleted, "deleted"), (unchanged, "unchanged"),
            (failed, "failed"),
        ]
        return named.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
    }

    /// The counts that are not zero, with the word "objects", such as `20 objects created, 3 unchanged`.
    var objectText: String {
        let text = text
        guard let space = text.firstIndex(of: " ") else { return text }
        return "\(text[..<space]) \(text.hasPrefix("1 ") ? "object" : "objects")\(text[space...])"
    }

    /// The result of a dry run, such as `2 objects would be created, 1 changed`; `nil` if no object would change.
    var plan: String? {
        let named = [(created, "created"), (changed, "changed"), (deleted, "deleted")].filter { $0.0 > 0 }
        guard let (count, word) = named.first else { return nil }
        let first = "\(count) \(count == 1 ? "object" : "objects") would be \(word)"
        return ([first] + named.dropFirst().map { "\($0.0) \($0.1)" }).joined(separator: ", ")
    }

    /// The counts as a JSON object, `nil` if nothing was counted.
    var node: Node? {
        guard !isEmpty else { return nil }
        return .mapping([
            "created": .number(created), "configured": .number(changed), "deleted": .number(deleted),
            "unchanged": .number(unchanged), "failed": .number(failed),
        ])
    }
}
