import Base
import Execution

/// The running tasks, with what they do in one line.
struct RunningTasks {
    /// The tasks in the order in which they started, `nil` for those that have ended.
    private var tasks: [ProgressTask?] = []
    private var positions: [String: Int] = [:]

    /// The largest number of tasks in the line.
    private static let limit = 10

    /// Applies an event.
    mutating func note(_ event: Event, at now: Duration) {
        guard let name = event.task else { return }
        switch event.kind {
        case .taskStarted(let verb):
            positions[name] = tasks.count
            tasks.append(ProgressTask(name: printable(name), verb: verb, start: now))
        case .taskFinished:
            guard let position = positions.removeValue(forKey: name) else { break }
            tasks[position] = nil
            removeEnded()
        default:
            if let position = positions[name] { tasks[position]?.note(event.kind, at: now) }
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

    /// The activities of the running tasks, the longest running first and without times; `nil` if none runs.
    var summary: String? {
        let shown = Array(tasks.lazy.compactMap(\.self).prefix(Self.limit))
        guard let only = shown.first else { return nil }
        guard shown.count > 1 else { return only.summary }
        let rest = positions.count - shown.count
        return (shown.map { "\($0.name): \($0.summary)" } + (rest > 0 ? ["and \(rest) more"] : [])).joined(
            separator: "; "
        )
    }
}
