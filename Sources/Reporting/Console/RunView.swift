import Base
import Execution
import State

/// The tasks of a run as a terminal shows them: rows that may still change, and lines that stay.
struct RunView {
    private enum State {
        case open
        case running(TaskProgress)
        case ended(Outcome, TaskRow)
    }

    private struct Entry {
        let name: String
        var dependencies: [Int] = []
        var state = State.open
        /// The problems, in the order in which they were reported.
        var problems: [String] = []
        /// Whether the task has left the view.
        ///
        /// The task is then only counted, apart from a line that stays if it changed something or failed.
        var isFolded = false
    }

    private let isUTF8: Bool
    private let isDryRun: Bool
    /// The tasks in the order of the plan.
    private var entries: [Entry] = []
    private var positions: [String: Int] = [:]
    private var nameWidth = 0
    private var folded = FoldedTasks()

    init(isUTF8: Bool, isDryRun: Bool) {
        self.isUTF8 = isUTF8
        self.isDryRun = isDryRun
    }

    /// Applies an event.
    ///
    /// - Parameters:
    ///   - event: The event, with the results so far.
    ///   - problems: The problems of the event, for the lines below the task.
    mutating func note(_ event: ReportedEvent, problems: [String]) {
        if case .runStarted(let tasks) = event.event.kind {
            for task in tasks { entries[position(of: task.name)].dependencies = task.dependencies }
        }
        guard let name = event.event.task else { return }
        let position = position(of: name)
        entries[position].problems += problems
        if case .taskFinished(let outcome, let duration) = event.event.kind {
            entries[position].state = .ended(outcome, row(name, outcome, duration, event.progress))
        } else if let progress = event.progress {
            entries[position].state = .running(progress)
        }
    }

    private mutating func position(of name: String) -> Int {
        if let position = positions[name] { return position }
        positions[name] = entries.count
        entries.append(Entry(name: name))
        nameWidth = max(nameWidth, printable(name).columnCount)
        return entries.count - 1
    }

    private func row(
        _ name: String,
        _ outcome: Outcome,
        _ duration: Duration,
        _ task: TaskProgress?,
    ) -> TaskRow {
        let kind = outcome.kind
        var row = TaskRow(name: name, phase: .ended(kind), word: kind.rawValue, tone: TaskState.ended(kind).tone.line)
        guard let task else {
            if case .skipped(let causes) = outcome { row.detail = "\(quotedList(causes)) did not succeed" }
            return row
        }
        row.time = duration.humanReadable
        if kind == .interrupted {
            row.detail = task.isWaiting ? task.summary : task.activity(at: .zero)
        } else if !isDryRun {
            row.detail = task.result
        } else if kind == .changed {
            // The lines above the view list the planned changes.
            row.word = "to change"
        }
        return row
    }
}

// MARK: - Rows that may still change

extension RunView {
    /// Lays out the tasks, and removes ended tasks for which there is no line from the view.
    ///
    /// - Parameters:
    ///   - now: The time for which ages are computed.
    ///   - columns: The number of columns available.
    ///   - rowLimit: The largest number of lines.
    /// - Returns: The lines of the view, and the lines of removed tasks that stay above the view.
    mutating func frame(
        at now: Duration,
        columns: Int,
        rowLimit: Int
    ) -> (lines: [ScreenLine], staying: [ScreenLine]) {
        let format = format(columns)
        let shown = entries.indices.filter { !entries[$0].isFolded }
        let layout = LiveLayout(format: format, rowLimit: rowLimit)
        let frame = layout.frame(shown.map { phase(entries[$0]) }, earlier: folded) { row(entries[shown[$0]], at: now) }
        var staying: [ScreenLine] = []
        for index in frame.folded.map({ shown[$0] }) { staying += fold(index, format) }
        return (frame.lines, staying)
    }

    private func format(_ columns: Int) -> RowFormatter {
        RowFormatter(nameWidth: nameWidth, columns: columns, isUTF8: isUTF8)
    }

    private func phase(_ entry: Entry) -> TaskRow.Phase {
        switch entry.state {
        case .open: .open
        case .running(let task): task.isWaiting ? .waiting : .working
        case .ended(let outcome, _): .ended(outcome.kind)
        }
    }

    private func row(_ entry: Entry, at now: Duration) -> TaskRow {
        var row: TaskRow
        switch entry.state {
        case .open:
            let missing = entry.dependencies.filter { if case .ended = entries[$0].state { false } else { true } }
            row = TaskRow(name: entry.name, phase: .open, word: "queued", tone: .progress)
            if !missing.isEmpty {
                row.word = "waiting"
                row.detail = "for \(shortList(missing.map { entries[$0].name }))"
            }
        case .running(let task):
            row = TaskRow(name: entry.name, phase: phase(entry), word: "running", tone: .running)
            row.time = task.age(at: now).clockText
            row.detail = task.activity(at: now)
        case .ended(_, let ended): row = ended
        }
        row.problems = entry.problems
        return row
    }

    /// Removes an ended task from the view, and returns the lines of the task that stay on the terminal.
    private mutating func fold(_ index: Int, _ format: RowFormatter) -> [ScreenLine] {
        guard case .ended(let outcome, let row) = entries[index].state else { return [] }
        entries[index].isFolded = true
        folded.add(outcome.kind)
        return finalLines(entries[index], row, outcome, format)
    }
}

// MARK: - Lines that stay

extension RunView {
    /// Ends the view.
    ///
    /// - Parameter columns: The number of columns available.
    /// - Returns: The lines that stay and are not on the screen yet.
    mutating func finish(columns: Int) -> [ScreenLine] {
        let format = format(columns)
        var lines: [ScreenLine] = []
        for index in entries.indices where !entries[index].isFolded { lines += fold(index, format) }
        for line in skipped + notStarted {
            lines += line.folded(to: columns, isUTF8: isUTF8).map(\.onScreen)
        }
        clear()
        return lines
    }

    /// Removes all tasks.
    mutating func clear() { self = RunView(isUTF8: isUTF8, isDryRun: isDryRun) }

    /// Returns the lines of an ended task that stay on the terminal.
    ///
    /// Tasks that changed nothing appear only in the summary; tasks that did not start share one line.
    private func finalLines(
        _ entry: Entry,
        _ row: TaskRow,
        _ outcome: Outcome,
        _ format: RowFormatter
    ) -> [ScreenLine] {
        var row = row
        row.problems = entry.problems
        switch outcome {
        case .changed, .failed: return format.finalLines(row)
        case .interrupted: return row.time.isEmpty ? [] : format.finalLines(row)
        case .unchanged, .skipped: return []
        }
    }

    /// The skipped tasks, with one line for each set of failed tasks that caused the skipping.
    private var skipped: [Line] {
        var groups: [(failed: [String], names: [String])] = []
        var groupOfFailures: [[String]: Int] = [:]
        var groupOfTask: [String: Int] = [:]
        for entry in entries {
            guard case .ended(.skipped(let dependencies), _) = entry.state else { continue }
            // The plan lists a skipped dependency before its dependants. Reusing its group avoids copying its failures.
            let inherited = Set(dependencies.map { groupOfTask[$0] })
            let group: Int
            if inherited.count == 1, case let only?? = inherited.first {
                group = only
            } else {
                let failed = dependencies.flatMap { name in groupOfTask[name].map { groups[$0].failed } ?? [name] }
                    .unique()
                group = groupOfFailures[failed] ?? groups.count
                groupOfFailures[failed] = group
                if group == groups.count { groups.append((failed, [])) }
            }
            groupOfTask[entry.name] = group
            groups[group].names.append(entry.name)
        }
        return groups.map { failed, names in
            Line(nil, "skipped: \(shortList(names)): \(quotedList(failed)) did not succeed", .skipped)
        }
    }

    /// The tasks that did not start because of an interruption.
    private var notStarted: [Line] {
        let names = entries.compactMap { entry -> String? in
            guard case .ended(.interrupted, let row) = entry.state, row.time.isEmpty else { return nil }
            return entry.name
        }
        return names.isEmpty ? [] : [Line(nil, "interrupted: \(shortList(names)) (not started)", .skipped)]
    }
}
