import Base
import Execution

/// The running tasks, as the lower lines of a terminal show them.
struct ProgressView {
    /// The tasks in the order in which they started, `nil` for those that have ended.
    private var tasks: [ProgressTask?] = []
    private var positions: [String: Int] = [:]
    private var taskCount = 0
    private var startedCount = 0
    /// The tasks that have ended without having started.
    private var skippedCount = 0

    /// Applies an event.
    mutating func note(_ event: Event, at now: Duration) {
        if case .runStarted(let count) = event.kind { taskCount = count }
        guard let name = event.task else { return }
        switch event.kind {
        case .taskStarted(let verb):
            startedCount += 1
            positions[name] = tasks.count
            tasks.append(ProgressTask(name: printable(name), verb: verb, start: now))
        case .taskFinished:
            guard let position = positions.removeValue(forKey: name) else {
                skippedCount += 1
                break
            }
            tasks[position] = nil
            removeEnded()
        default:
            if let position = positions[name] { tasks[position]?.note(event.kind, at: now) }
        }
    }

    /// Removes the places of tasks that have ended, when they are most of all.
    private mutating func removeEnded() {
        guard tasks.count > 2 * positions.count else { return }
        let running = tasks.indices.filter { tasks[$0] != nil }
        let moved = Dictionary(zip(running, running.indices), uniquingKeysWith: { first, _ in first })
        positions = positions.compactMapValues { moved[$0] }
        tasks = running.map { tasks[$0] }
    }

    /// The first of the running tasks, the longest running first.
    private func first(_ count: Int) -> [ProgressTask] {
        Array(tasks.lazy.compactMap(\.self).prefix(count))
    }

    /// What the running tasks do, in one line without times; `nil` if none runs.
    var summary: String? {
        let shown = first(rowLimit)
        guard let only = shown.first else { return nil }
        guard shown.count > 1 else { return only.summary }
        let rest = positions.count - shown.count
        return (shown.map { "\($0.name): \($0.summary)" } + (rest > 0 ? ["and \(rest) more"] : [])).joined(
            separator: "; "
        )
    }

    /// Formats the running tasks, the longest running first, and what waits for them.
    ///
    /// There are as many lines as a small terminal can show: the cursor cannot be moved back to lines that have left it.
    func lines(at now: Duration, columns: Int, isUTF8: Bool = true) -> [Line] {
        let candidates = first(rowLimit)
        let nameWidth = min(candidates.map(\.name.columnCount).max() ?? 0, max(columns / 3, 8))
        var lines: [Line] = []
        var shownCount = 0
        for task in candidates {
            let more = task.lines(at: now, nameWidth: nameWidth, columns: columns, isUTF8: isUTF8)
            // The last line is for what is not shown.
            let isLast = shownCount + 1 == positions.count && queuedCount == 0
            guard shownCount == 0 || lines.count + more.count <= (isLast ? rowLimit : rowLimit - 1) else { break }
            lines += more
            shownCount += 1
        }
        if let rest = rest(positions.count - shownCount) {
            let text = (isUTF8 ? rest : asciiText(rest)).truncated(to: columns, isUTF8: isUTF8)
            lines.append(Line(nil, text, .progress))
        }
        return lines
    }

    /// The tasks that have not started, for a dependency or because as many others work as may.
    private var queuedCount: Int { positions.isEmpty ? 0 : max(0, taskCount - startedCount - skippedCount) }

    /// The tasks that are not shown.
    private func rest(_ runningCount: Int) -> String? {
        let queued = "\(queuedCount) more waiting for \(positions.count == 1 ? "it" : "these")"
        if runningCount == 0 { return queuedCount == 0 ? nil : queued }
        return "… and \(runningCount) more running" + (queuedCount == 0 ? "" : ", \(queued)")
    }
}

/// The largest number of lines.
private let rowLimit = 10
