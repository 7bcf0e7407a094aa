/// The tasks that decided when the last one ended.
struct CriticalPath {
    /// The positions of the tasks in the plan, in the order of time.
    let tasks: [Int]

    /// The unit that the first of them waited for.
    let unit: String?

    /// Walks back from the last task.
    ///
    /// From each task it goes to the dependency that succeeded last, and ends at a unit if the task waited for one
    /// after that.
    ///
    /// - Parameters:
    ///   - rows: All tasks, with their waits.
    ///   - source: What the timeline is made of.
    init(_ rows: [TimelineRow], _ source: TimelineSource) {
        var reversed: [Int] = []
        var unit: String?
        var next = Self.last(rows)
        while let index = next {
            reversed.append(index)
            if let wait = rows[index].waits.last, wait.kind == .unit {
                unit = wait.subject
                break
            }
            next = source.lastDependency(of: source.tasks[index], among: rows)?.index
        }
        tasks = reversed.reversed()
        self.unit = unit
    }

    /// The task that has run longest of those that go on, or if none does, the one that ended last.
    private static func last(_ rows: [TimelineRow]) -> Int? {
        let open = rows.indices.filter { rows[$0].isOngoing }
        guard open.isEmpty else { return open.min { (rows[$0].started ?? .zero) < (rows[$1].started ?? .zero) } }
        let ended = rows.indices.filter { rows[$0].ended != nil }
        return ended.max { (rows[$0].ended ?? .zero) < (rows[$1].ended ?? .zero) }
    }
}
