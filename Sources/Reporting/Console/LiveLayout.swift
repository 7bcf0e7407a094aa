import Base
import Execution

/// The rows of a live view that fit the terminal, with a summary of the tasks that do not.
///
/// If the terminal has enough lines, every task has at least one line, in the order of the plan. Otherwise, counts
/// replace first the tasks that have ended, then the tasks that have not started. Failures and running tasks stay
/// visible if possible. Any remaining lines are used for skipped and interrupted tasks, then for tasks that have not
/// started.
struct LiveLayout {
    let format: RowFormatter

    /// The largest number of lines.
    let rowLimit: Int

    /// The lines below the rows.
    var footer: [ScreenLine] = []

    /// The visible lines of a view.
    struct Frame {
        /// The lines, at most ``LiveLayout/rowLimit``.
        var lines: [ScreenLine] = []
        /// The indices of the tasks that have ended and have no line.
        var folded: [Int] = []
    }

    /// Whether running tasks and other tasks have detail lines, and the largest number of lines for problems of a task.
    private typealias Limits = (showsRunningDetails: Bool, showsOtherDetails: Bool, problems: Int)

    /// The limits to try in turn, the most generous first.
    private static let limits: [Limits] = [(true, true, .max), (true, false, 3), (false, false, 3)]

    /// Lays out a view.
    ///
    /// - Parameters:
    ///   - phases: The phases of the tasks, in the order of the plan.
    ///   - earlier: The counts of ended tasks that earlier frames removed from the view; `phases` excludes these tasks.
    ///   - row: Creates the row of a task, given its index in `phases`.
    /// - Returns: The visible lines.
    func frame(_ phases: [TaskRow.Phase], earlier: FoldedTasks = FoldedTasks(), row: (Int) -> TaskRow) -> Frame {
        let top = earlier.isEmpty ? [] : [format.line(earlier.text)]
        if phases.count + top.count + footer.count <= rowLimit {
            let rows = phases.indices.map(row)
            for limit in Self.limits {
                let lines = rows.flatMap { row in
                    format.lines(
                        row,
                        showsDetailLines: row.phase.isRunning ? limit.showsRunningDetails : limit.showsOtherDetails,
                        problemLimit: min(limit.problems, rowLimit),
                    )
                }
                let frame = top + lines + footer
                if frame.count <= rowLimit { return Frame(lines: frame) }
            }
        }
        return foldedFrame(phases, earlier, row)
    }

    private func foldedFrame(_ phases: [TaskRow.Phase], _ earlier: FoldedTasks, _ row: (Int) -> TaskRow) -> Frame {
        var folded = phases.indices.filter { phases[$0].isFoldable }
        // One line is reserved for the count of ended tasks, and one for the count of other hidden tasks.
        let hasEnded = !earlier.isEmpty || phases.contains { $0.isFoldable || $0.hasFailed }
        let hasOthers = phases.contains { $0.isRunning || $0 == .open }
        var budget = max(1, rowLimit - footer.count - (hasEnded ? 1 : 0) - (hasOthers ? 1 : 0))
        let running = phases.indices.filter { phases[$0].isRunning }
        let failures = failures(phases, budget: max(budget / 2, budget - running.count), row)
        budget -= failures.lines.values.reduce(0) { $0 + $1.count }
        // Working tasks come first, because many of the waiting tasks wait for the same thing.
        let candidates = running.filter { phases[$0] == .working } + running.filter { phases[$0] == .waiting }
        let shown = candidates.prefix(max(0, budget))
        var blocks = failures.lines.merging(runningLines(shown.map { ($0, row($0)) }, budget)) { first, _ in first }
        budget -= shown.reduce(0) { $0 + (blocks[$1]?.count ?? 0) }
        let undone = folded.filter { phases[$0].isUndone }.prefix(max(0, budget))
        let open = phases.indices.filter { phases[$0] == .open }
        let next = open.prefix(max(0, budget - undone.count))
        for index in undone + next {
            blocks[index] = format.lines(row(index), showsDetailLines: false, problemLimit: 0)
        }
        folded = (folded.filter { blocks[$0] == nil } + failures.folded).sorted()
        var counts = earlier
        for index in folded { if case .ended(let kind) = phases[index] { counts.add(kind) } }
        let top = counts.isEmpty ? [] : [format.line(counts.text)]
        let bottom = rest(running: running.count - shown.count, open: open.count - next.count, of: open.count)
        let lines = top + blocks.keys.sorted().flatMap { blocks[$0] ?? [] } + bottom + footer
        return Frame(lines: Array(lines.prefix(rowLimit)), folded: folded)
    }

    /// Returns the lines of running tasks, with details if there is enough space.
    private func runningLines(_ rows: [(Int, TaskRow)], _ budget: Int) -> [Int: [ScreenLine]] {
        var blocks: [(Int, [ScreenLine])] = []
        for showsDetailLines in [true, false] {
            blocks = rows.map { ($0, format.lines($1, showsDetailLines: showsDetailLines, problemLimit: 0)) }
            if blocks.reduce(0, { $0 + $1.1.count }) <= budget { break }
        }
        return Dictionary(uniqueKeysWithValues: blocks)
    }

    /// Returns the failed tasks with the first lines of their problems, or only the last failed tasks if not all fit.
    private func failures(
        _ phases: [TaskRow.Phase],
        budget: Int,
        _ row: (Int) -> TaskRow
    ) -> (lines: [Int: [ScreenLine]], folded: [Int]) {
        let failures = phases.indices.filter { phases[$0].hasFailed }
        let rows = failures.suffix(budget).map { ($0, row($0)) }
        var blocks: [(Int, [ScreenLine])] = []
        for limit in [3, 1] {
            blocks = rows.map { ($0, format.lines($1, showsDetailLines: false, problemLimit: limit)) }
            if blocks.reduce(0, { $0 + $1.1.count }) <= budget { break }
        }
        var rest = budget
        let shown = blocks.reversed().prefix { block in
            rest -= block.1.count
            return rest >= 0
        }
        return (Dictionary(uniqueKeysWithValues: shown), Array(failures.dropLast(shown.count)))
    }

    /// Returns a line that counts the hidden tasks that are running or have not started.
    private func rest(running: Int, open: Int, of openCount: Int) -> [ScreenLine] {
        var parts: [String] = []
        if running > 0 { parts.append("\(running) more running") }
        if open > 0 {
            let more = open < openCount ? "more " : ""
            parts.append("\(open) \(more)\(open == 1 ? "task has" : "tasks have") not started")
        }
        return parts.isEmpty ? [] : [format.line(parts.joined(separator: ", "))]
    }
}

/// The counts of ended tasks that a live view no longer shows.
struct FoldedTasks: Sendable, Hashable {
    private var counts: [Outcome.Kind: Int] = [:]

    /// Whether no task was counted.
    var isEmpty: Bool { counts.isEmpty }

    /// Counts a task.
    mutating func add(_ kind: Outcome.Kind) { counts[kind, default: 0] += 1 }

    /// The counts as text, such as `12 tasks done: 3 changed, 9 unchanged`.
    var text: String {
        let total = counts.values.reduce(0, +)
        let parts = Outcome.Kind.allCases.compactMap { kind in counts[kind].map { "\($0) \(kind.rawValue)" } }
        return "\(total) \(total == 1 ? "task" : "tasks") done: \(parts.joined(separator: ", "))"
    }
}
