import Base
import Planning

/// A row of a chart: a task with its activities.
struct TimelineRow {
    /// The meaning of a bar; if several bars cover a character, the case that is declared last is shown.
    enum Mark: Int, CaseIterable {
        case idle, wait, work, failure

        /// The meaning in the legend, the character and tone of the bar, and its height in a picture.
        var form: (meaning: String, character: String, tone: Line.Tone, height: Int) {
            switch self {
            case .idle: ("waits for a task, a unit or the next attempt", "·", .progress, 2)
            case .wait: ("waits for a server, lock or condition", "▒", .waiting, 8)
            case .work: ("works", "█", .changed, 14)
            case .failure: ("attempt failed", "✗", .failed, 14)
            }
        }
    }

    /// A bar; without an end, it continues to the end of the chart.
    typealias Bar = (mark: Mark, start: Duration, end: Duration?)

    let name: String
    let isCritical: Bool
    let bars: [Bar]

    /// The duration of the task if it has succeeded, or else its state.
    let result: String
    let tone: Line.Tone

    /// The long waits during attempts, and the number of repeated attempts, one line each.
    var details: [String] = []
}

/// The content that is common to the text and the picture.
extension Timeline {
    var rows: [TimelineRow] { tasks.map { TimelineRow($0, until: end) } }

    var summary: String {
        guard !tasks.isEmpty else { return "no task for this node" }
        let head = stateSummary(tasks.map(\.state))
        guard let last = tasks.compactMap(\.ended).max(), !isOngoing else { return head }
        return "\(head); the last ended after \(last.humanReadable)"
    }

    var originWords: String {
        let start = isFromBoot ? "the start of the machine" : "the start of the first task"
        let finished = bootFinished.map { "; the boot took \($0.humanReadable)" } ?? ""
        return "times count from \(start) at \(originTime)\(finished)"
    }

    /// The critical path with the durations of its tasks, `nil` if no task has started.
    var criticalWords: String? {
        let critical = tasks.filter(\.isCritical)
        guard let last = isOngoing ? end : critical.compactMap(\.ended).max() else { return nil }
        // Both lists are in order of start; a unit at the beginning of the path has no task.
        let unit = criticalPath.prefix(criticalPath.count - critical.count)
        let path =
            unit
            + critical.map { task in
                task.took(until: end).map { "\(task.name) (\($0.humanReadable))" } ?? task.name
            }
        return "critical path, \(last.humanReadable)\(isOngoing ? " so far" : ""): \(path.joined(separator: ", "))"
    }

    /// Returns the position of a time, from 0 at the origin to 1 at the end.
    func place(of time: Duration) -> Double { min(max(time / max(end, .milliseconds(1)), 0), 1) }

    /// Returns times at equal intervals from zero to the end, with at most the given number of intervals.
    func axisMarks(intervals: Int) -> [Duration] {
        let seconds = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 86_400, 604_800]
        let steps = [.milliseconds(1), .milliseconds(10), .milliseconds(100)] + seconds.map { Duration.seconds($0) }
        let step = steps.first { $0 * max(1, intervals) >= end } ?? end
        return (0...Int(end / step)).map { step * $0 }
    }
}

extension TimelineTask {
    /// Returns the time from the first start to the end, or to a given time if ongoing; `nil` before the first start.
    func took(until end: Duration) -> Duration? { started.map { max(.zero, (ended ?? end) - $0) } }
}

extension TimelineRow {
    /// Creates the row of a task; a wait that has not ended counts until `end`.
    fileprivate init(_ task: TimelineTask, until end: Duration) {
        var bars: [Bar] = []
        for span in task.spans {
            let mark: Mark =
                switch span.kind {
                case .dependency, .unit, .pause: .idle
                case .server, .lock, .condition: .wait
                case .work: span.isFailure ? .failure : .work
                }
            bars.append((mark, span.start, span.end))
            if span.isFailure, mark == .wait, let end = span.end { bars.append((.failure, end, end)) }
        }
        let duration = task.state.isSuccess ? task.took(until: end) : nil
        self.init(
            name: task.name,
            isCritical: task.isCritical,
            bars: bars,
            result: duration?.humanReadable ?? "\(task.state)",
            tone: task.state.tone,
            details: Self.details(task, until: end),
        )
    }

    /// Returns a line for every subject of long waits during the attempts, and a line about repeated attempts, if any.
    private static func details(_ task: TimelineTask, until end: Duration) -> [String] {
        var waits: [(span: TimelineSpan, duration: Duration)] = []
        var pauses = Duration.zero
        for span in task.spans {
            let duration = max(.zero, (span.end ?? end) - span.start)
            switch span.kind {
            case .dependency, .unit, .work: continue
            case .pause: pauses += duration
            case .server, .lock, .condition:
                let index = waits.firstIndex { $0.span.subject == span.subject }
                let earlier = index.map { waits.remove(at: $0).duration } ?? .zero
                waits.append((span, earlier + duration))
            }
        }
        let long = waits.filter { $0.duration >= .milliseconds(500) }
        var lines = long.sorted { $0.duration > $1.duration }.map { span, duration in
            let verb = span.end == nil ? "has waited" : "waited"
            // A starting API server reports very long reasons.
            let reason = span.reason.map { " (\($0.truncated(to: 120)))" } ?? ""
            return "\(verb) \(duration.humanReadable) for \(span.subject ?? "something")\(reason)"
        }
        if task.attemptCount > 1 {
            lines.append("\(task.attemptCount) attempts, \(pauses.humanReadable) between them")
        }
        return lines
    }
}
