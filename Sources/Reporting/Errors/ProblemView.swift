public import Base
import Host

/// A view of problems and warnings on a terminal, with excerpts from the files that may be shown.
public struct ProblemView: Sendable {
    /// A function that returns the line at a location, or `nil` if it cannot be read or must not be shown.
    public typealias Source = @Sendable (SourceLocation) -> String?

    /// The width of the terminal in columns; if `nil`, nothing is wrapped.
    private let columns: Int?
    private let isColoured: Bool
    private let source: Source

    /// The maximum width of an excerpt if the width of the terminal is not known.
    private static let unknownWidth = 160

    public init(columns: Int?, isColoured: Bool, source: @escaping Source) {
        (self.columns, self.isColoured, self.source) = (columns, isColoured, source)
    }

    /// Formats a problem or warning as lines with line endings, followed by the excerpt from the file, if any.
    func text(_ problem: Problem, isWarning: Bool) -> String {
        let tone = isWarning ? Line.Tone.warning : .error
        let severity = isWarning ? "warning:" : "error:"
        let place = problem.location.map { printable("\($0)") + ":" } ?? (isWarning ? "" : "nest-bootstrap:")
        let head = [place, severity].filter { !$0.isEmpty }
        var unlocated = problem
        unlocated.location = nil
        let words = (head + [printable(unlocated.description)]).joined(separator: " ")
        var lines = columns.map { words.wrapped(to: $0, indentation: 4) } ?? [words]
        if isColoured, lines[0].hasPrefix(head.joined(separator: " ")) {
            let rest = lines[0].dropFirst(head.joined(separator: " ").count)
            let painted = place.isEmpty ? [] : [Line.Tone.summary.painted(place)]
            lines[0] = (painted + [tone.painted(severity)]).joined(separator: " ") + rest
        }
        return (lines + excerpt(problem, tone)).map { $0 + "\n" }.joined()
    }

    /// Returns the line at a problem's location and a line that marks the column; empty if there is no line to show.
    ///
    /// A line that is too long is cut so that the marked column remains visible.
    private func excerpt(_ problem: Problem, _ tone: Line.Tone) -> [String] {
        guard let location = problem.location, let position = location.position, let line = source(location) else {
            return []
        }
        let number = String(position.line)
        let space = (columns ?? Self.unknownWidth) - 2 - number.utf8.count - 3
        let cells = line.unicodeScalars.map { $0.escape ?? String($0) }
        let place = min(position.column - 1, cells.count)
        var before = cells[..<place].reduce(0) { $0 + $1.columnCount }
        var width = cells[place...].reduce(before) { $0 + $1.columnCount }
        var start = 0
        if width > space {
            while start < place, before > space / 3, width > space - 1 {
                (before, width) = (before - cells[start].columnCount, width - cells[start].columnCount)
                start += 1
            }
        }
        let lead = start > 0 ? "…" : ""
        let text = (lead + cells[start...].joined()).truncated(to: space)
        let margin = String(repeating: " ", count: number.utf8.count)
        let indentation = String(repeating: " ", count: lead.count + before)
        let caret = isColoured ? tone.painted("^") : "^"
        return ["  \(number) | \(text)", "  \(margin) | \(indentation)\(caret)"]
    }
}

extension ConsoleOutput {
    /// Reports an error as lines on standard error, as journal entries, or as JSON objects on standard output.
    ///
    /// A line without a source location begins with the program's name. The objects contain the fields of the `error`
    /// events of ``JSONSink``, except for `run`, `sequence`, `task` and `object`.
    public func report(
        _ error: any Error,
        as format: OutputFormat = .text,
        _ kind: MessageID = .programFailed,
    ) {
        report(problems(of: error), as: format, kind, journalFields(of: error))
    }

    /// Reports problems in the same way as an error, and adds the given fields to journal entries.
    public func report(
        _ problems: [Problem],
        as format: OutputFormat = .text,
        _ kind: MessageID,
        _ fields: [(String, String)] = [],
    ) {
        if format.isForPrograms {
            let time = Timestamp.millisecondsNow()
            write(problems.flatMap { JSONRecord($0, nil).line(milliseconds: time) }, to: .results)
        } else {
            // A dependency that has not succeeded yet is not an error, and every attempt reports it again.
            let priority = kind == .dependencyMissing ? 5 : 3
            for problem in problems {
                report(problem, after: problem.location == nil ? "nest-bootstrap: " : "", kind, priority, fields)
            }
        }
    }

    /// Reports warnings on standard error or in the journal.
    public func report(warnings: [Problem]) {
        for warning in warnings { report(warning, after: "warning: ", .warning, 4) }
    }

    private func report(
        _ problem: Problem,
        after prefix: String,
        _ kind: MessageID,
        _ priority: Int,
        _ fields: [(String, String)] = []
    ) {
        let line = "\(prefix)\(problem.line)\n"
        guard let journal else {
            return write(problemView?.text(problem, isWarning: kind == .warning) ?? line, to: .diagnostics)
        }
        var entry = JournalEntry(kind, problem.line, priority: priority)
        entry.add(fields)
        journal.send(entry.fields, orPrint: line, to: self)
    }
}
