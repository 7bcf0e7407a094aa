import Base
import Planning

/// The tasks of a run as a terminal shows them: rows that can still change, and lines that stay.
struct RunView {
    private struct Entry {
        let name: String
        var dependencies: [Int] = []
        /// The progress, `nil` if the task has not started.
        var progress: TaskProgress?
        /// The outcome and the duration, `nil` if the task has not ended.
        var end: (outcome: Outcome, duration: Duration)?
        var problems: [String] = []
    }

    /// The tasks in the order of the plan, then any other tasks in the order of their first events.
    private var entries: [Entry] = []
    private var positions: [String: Int] = [:]

    /// Applies an event, and adds the given problems below the row of its task.
    mutating func note(_ event: ReportedEvent, problems: [String]) {
        if case .runStarted(let tasks) = event.event.kind {
            for task in tasks { entries[position(of: task.name)].dependencies = task.dependencies }
        }
        guard let name = event.event.task else { return }
        let position = position(of: name)
        entries[position].problems += problems
        if let progress = event.progress { entries[position].progress = progress }
        if case .taskFinished(let outcome, let duration) = event.event.kind {
            entries[position].end = (outcome, duration)
        }
    }

    private mutating func position(of name: String) -> Int {
        if let position = positions[name] { return position }
        positions[name] = entries.count
        entries.append(Entry(name: name))
        return entries.count - 1
    }

    mutating func clear() { self = RunView() }

    /// Returns the rows of all tasks, with the running times at an instant.
    func rows(at now: Duration) -> [TaskRow] {
        entries.map { entry in
            var row =
                if let end = entry.end {
                    endedRow(entry, end.outcome, end.duration)
                } else if let progress = entry.progress {
                    runningRow(entry.name, progress, at: now)
                } else {
                    openRow(entry)
                }
            row.problems = entry.problems
            return row
        }
    }

    private func openRow(_ entry: Entry) -> TaskRow {
        let missing = entry.dependencies.filter { entries[$0].end == nil }.map { entries[$0].name }
        guard !missing.isEmpty else { return TaskRow(name: entry.name, phase: .open, word: "queued", tone: .progress) }
        let detail = "for \(shortList(missing))"
        return TaskRow(name: entry.name, phase: .open, word: "waiting", tone: .progress, detail: detail)
    }

    private func runningRow(_ name: String, _ task: TaskProgress, at now: Duration) -> TaskRow {
        TaskRow(
            name: name,
            phase: task.isWaiting ? .waiting : .working,
            word: "running",
            tone: .running,
            time: task.age(at: now).clockText,
            detail: task.activity(at: now),
        )
    }

    private func endedRow(_ entry: Entry, _ outcome: Outcome, _ duration: Duration) -> TaskRow {
        let kind = outcome.kind
        let tone = TaskState.ended(kind).tone
        var row = TaskRow(name: entry.name, phase: .ended(kind), word: kind.rawValue, tone: tone)
        guard let task = entry.progress else {
            if case .skipped(let causes) = outcome { row.detail = "\(quotedList(causes)) did not succeed" }
            return row
        }
        row.time = duration.humanReadable
        row.detail =
            kind != .interrupted ? task.result : task.isWaiting ? task.summary : task.activity(at: .zero)
        return row
    }

    /// Ends the view, and returns the lines that stay.
    ///
    /// Tasks that changed nothing appear only in the summary; tasks that did not start share lines.
    mutating func finish(columns: Int) -> [ScreenLine] {
        let rows = rows(at: .zero)
        let format = RowFormatter(rows, columns: columns)
        let staying = rows.filter { row in
            switch row.phase {
            case .ended(.changed), .ended(.failed): true
            case .ended(.interrupted): !row.time.isEmpty
            case .open, .working, .waiting, .ended(.unchanged), .ended(.skipped): false
            }
        }
        let others = (skipped + notStarted).flatMap { $0.folded(to: columns) }
        clear()
        return staying.flatMap(format.finalLines) + others.map(\.onScreen)
    }

    /// One line for each set of failed tasks, with the names of the tasks that were skipped because of them.
    private var skipped: [Line] {
        var groups: [(failed: [String], names: [String])] = []
        // A skipped dependency is replaced by the failed tasks that caused the skip.
        var failures: [String: [String]] = [:]
        for entry in entries {
            guard case .skipped(let dependencies)? = entry.end?.outcome else { continue }
            let failed = dependencies.flatMap { failures[$0] ?? [$0] }.unique()
            failures[entry.name] = failed
            let group = groups.firstIndex { $0.failed == failed } ?? groups.count
            if group == groups.count { groups.append((failed, [])) }
            groups[group].names.append(entry.name)
        }
        return groups.map { failed, names in
            Line(nil, "skipped: \(shortList(names)): \(quotedList(failed)) did not succeed", .skipped)
        }
    }

    /// The line for the tasks that did not start because of an interruption, if there are any.
    private var notStarted: [Line] {
        let names = entries.filter { $0.end?.outcome.kind == .interrupted && $0.progress == nil }.map(\.name)
        return names.isEmpty ? [] : [Line(nil, "interrupted: \(shortList(names)) (not started)", .skipped)]
    }
}
