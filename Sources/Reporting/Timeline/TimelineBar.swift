import Base
import Host

/// A row of characters that shows activities over time, with one character per interval.
struct TimelineBar {
    /// The meaning of a character; if several apply to an interval, the last in this order is shown.
    enum Mark: Int, CaseIterable {
        case nothing, active, before, pause, starting, wait, work, failedWork, runningWork, failure

        /// Returns the character, in UTF-8 or ASCII.
        func character(isUTF8: Bool) -> Character {
            switch self {
            case .nothing: " "
            case .active: isUTF8 ? "─" : "-"
            case .before: isUTF8 ? "·" : "."
            case .pause: isUTF8 ? "╌" : "~"
            case .starting: isUTF8 ? "░" : ":"
            case .wait: isUTF8 ? "▒" : "="
            case .work, .failedWork, .runningWork: isUTF8 ? "█" : "#"
            case .failure: isUTF8 ? "✗" : "x"
            }
        }

        /// The kind of the character, which determines its colour.
        var tone: Line.Tone {
            switch self {
            case .nothing, .active, .before, .pause, .starting: .progress
            case .wait: .waiting
            case .work: .changed
            case .runningWork: .running
            case .failedWork, .failure: .failed
            }
        }

        /// The meaning in words, `nil` if the legend does not list it.
        var meaning: String? {
            switch self {
            case .nothing, .failedWork, .runningWork: nil
            case .active: "unit is active"
            case .starting: "unit starts"
            case .before: TimelineLegend.Item.before.words
            case .pause: TimelineLegend.Item.pause.words
            case .wait: TimelineLegend.Item.wait.words
            case .work: TimelineLegend.Item.work.words
            case .failure: TimelineLegend.Item.failure.words
            }
        }
    }

    /// The marks of the row, one for each character.
    private(set) var marks: [Mark]

    private let axis: TimeAxis

    private init(_ axis: TimeAxis, width: Int) {
        self.axis = axis
        marks = Array(repeating: .nothing, count: width)
    }

    /// Creates the row of a task.
    init(_ task: TimelineTask, _ axis: TimeAxis, width: Int) {
        self.init(axis, width: width)
        for span in task.spans {
            switch span.kind {
            case .dependency, .unit: add(.before, span.start, span.end)
            case .server, .lock, .condition: add(.wait, span.start, span.end)
            case .pause: add(.pause, span.start, span.end)
            case .work: add(span.end == nil ? .runningWork : span.isFailure ? .failedWork : .work, span.start, span.end)
            }
            if span.isFailure { marks[cells(span.start, span.end).upperBound] = .failure }
        }
    }

    /// Creates the row of a unit.
    init(_ unit: TimelineUnit, _ axis: TimeAxis, width: Int) {
        self.init(axis, width: width)
        guard let started = unit.started else { return }
        add(.starting, started, unit.startEnd)
        if let active = unit.active { add(.active, active, unit.ended) }
        if unit.state.active == "failed", let ended = unit.ended { marks[cells(ended, ended).upperBound] = .failure }
    }

    private mutating func add(_ mark: Mark, _ start: Duration, _ end: Duration?) {
        for cell in cells(start, end) where marks[cell].rawValue < mark.rawValue { marks[cell] = mark }
    }

    /// Returns the character positions of a time span, at least one.
    private func cells(_ start: Duration, _ end: Duration?) -> ClosedRange<Int> {
        let width = Double(marks.count)
        let last = marks.count - 1
        let first = min(last, Int(axis.place(of: start) * width))
        // A span that ends exactly at the beginning of a character does not include it.
        let end = end.map { Int((axis.place(of: $0) * width).rounded(.up)) - 1 } ?? last
        return first...min(last, max(first, end))
    }

    /// Returns the row as text.
    func text(isColoured: Bool, isUTF8: Bool) -> String {
        var parts: [(tone: Line.Tone, text: String)] = []
        for mark in marks {
            if parts.last?.tone != mark.tone { parts.append((mark.tone, "")) }
            parts[parts.count - 1].text.append(mark.character(isUTF8: isUTF8))
        }
        return parts.map { isColoured ? $0.tone.painted($0.text) : $0.text }.joined()
    }
}
