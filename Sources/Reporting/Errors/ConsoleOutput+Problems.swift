public import Base
import Host
import YAML

/// Reporting of errors and warnings outside a run.
extension ConsoleOutput {
    /// Reports an error as lines on standard error, as journal entries, or as objects on standard output.
    ///
    /// A line without a source location begins with the program's name. The objects have the fields of the `error`
    /// events of ``JSONSink``, without `run`, `sequence` and `task`.
    public func report(
        _ error: any Error,
        as format: OutputFormat = .text,
        _ kind: MessageID = .programFailed,
    ) {
        report(problems(of: error), as: format, kind, journalFields(of: error))
    }

    /// Reports problems in the same way as the problems of an error.
    ///
    /// - Parameters:
    ///   - problems: The problems.
    ///   - format: The format.
    ///   - kind: The kind of the entries in the journal.
    ///   - fields: Further fields of the entries.
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
            // A dependency that has not succeeded yet is not an error, and is reported at every attempt.
            let priority = kind == .dependencyMissing ? 5 : 3
            for problem in problems {
                report(problem, after: problem.location == nil ? "nest-bootstrap: " : "", kind, priority, fields)
            }
        }
    }

    /// Reports warnings on standard error or in the journal, as ``MessageID/warning``, without affecting the exit code.
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
