import Base
import Execution

/// The running tasks and a one-line summary of their activities.
struct RunningTasks {
    /// The tasks in the order in which they started, `nil` for tasks that have ended.
    private var tasks: [TaskProgress?] = []
    private var positions: [String: Int] = [:]

    /// The largest number of tasks in the line.
    private static let limit = 10

    /// Applies an event.
    mutating func apply(_ event: ReportedEvent) {
        guard let progress = event.progress else { return }
        if case .taskFinished = event.event.kind {
            guard let position = positions.removeValue(forKey: progress.task) else { return }
            tasks[position] = nil
            removeEnded()
        } else if let position = positions[progress.task] {
            tasks[position] = progress
        } else {
            positions[progress.task] = tasks.count
            tasks.append(progress)
        }
    }

    /// Compacts the list once most of its tasks have ended.
    private mutating func removeEnded() {
        guard tasks.count > 2 * positions.count else { return }
        let running = tasks.indices.filter { tasks[$0] != nil }
        let moved = Dictionary(zip(running, running.indices), uniquingKeysWith: { first, _ in first })
        positions = positions.compactMapValues { moved[$0] }
        tasks = running.map { tasks[$0] }
    }

    /// The activities of the running tasks without times, the longest-running task first; `nil` if no task is running.
    var summary: String? {
        let shown = Array(tasks.lazy.compactMap(\.self).prefix(Self.limit))
        guard let only = shown.first else { return nil }
        guard shown.count > 1 else { return only.summary }
        let rest = positions.count - shown.count
        return (shown.map { "\(printable($0.task)): \($0.summary)" } + (rest > 0 ? ["and \(rest) more"] : [])).joined(
            separator: "; "
        )
    }
}
