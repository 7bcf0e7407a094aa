import Base
import Planning

/// The layout of a live view: the rows that fit the terminal, in the order of the plan, and counts of hidden tasks.
///
/// If the rows do not fit, failed tasks get lines first, but leave up to half of the lines to running tasks. The next
/// lines go to running tasks, then to skipped and interrupted tasks, then to tasks that have not started.
struct LiveLayout {
    let format: RowFormatter
    let rowLimit: Int
    var footer: [ScreenLine] = []

    /// Returns the visible lines, at most ``rowLimit``, of rows in the order of the plan.
    func lines(_ rows: [TaskRow]) -> [ScreenLine] {
        if rows.count + footer.count <= rowLimit {
            for (showsDetails, problemLimit) in [(true, rowLimit), (false, 3)] {
                let lines = rows.flatMap { format.lines($0, showsDetails, problemLimit: problemLimit) }
                if lines.count + footer.count <= rowLimit { return lines + footer }
            }
        }
        return foldedLines(rows)
    }

    private func foldedLines(_ rows: [TaskRow]) -> [ScreenLine] {
        func indices(_ isIncluded: (TaskRow.Phase) -> Bool) -> [Int] {
            rows.indices.filter { isIncluded(rows[$0].phase) }
        }
        // Working tasks come first, because waiting tasks often wait for the same thing.
        let running = indices { $0 == .working } + indices { $0 == .waiting }
        let open = indices { $0 == .open }
        // Up to two lines are reserved: for the count of ended tasks, and for the counts of other hidden tasks.
        let hasOthers = !running.isEmpty || !open.isEmpty
        let hasEnded = running.count + open.count < rows.count
        var budget = max(1, rowLimit - footer.count - (hasEnded ? 1 : 0) - (hasOthers ? 1 : 0))
        var blocks: [Int: [ScreenLine]] = [:]
        func show(_ candidates: [Int], atMost limit: Int) {
            let shown = candidates.prefix(max(0, limit))
            var found: [(Int, [ScreenLine])] = []
            for (showsDetails, problemLimit) in [(true, 3), (false, 1)] {
                found = shown.map { ($0, format.lines(rows[$0], showsDetails, problemLimit: problemLimit)) }
                if found.reduce(0, { $0 + $1.1.count }) <= limit { break }
            }
            var rest = limit
            for (index, lines) in found where lines.count <= rest {
                blocks[index] = lines
                rest -= lines.count
                budget -= lines.count
            }
        }
        show(indices(\.hasFailed).reversed(), atMost: max(budget / 2, budget - running.count))
        for group in [running, indices(\.isUndone), open] { show(group, atMost: budget) }

        let hidden = rows.indices.filter { blocks[$0] == nil }.map { rows[$0].phase }
        let ended = OutcomeCounts(hidden.compactMap { if case .ended(let kind) = $0 { kind } else { nil } })
        let top = ended.total == 0 ? [] : [format.line(ended.doneText)]
        let bottom = rest(running: hidden.count(where: \.isRunning), open: hidden.count { $0 == .open }, of: open.count)
        return Array((top + blocks.keys.sorted().flatMap { blocks[$0] ?? [] } + bottom + footer).prefix(rowLimit))
    }

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
