import Execution
import Host
import YAML

/// Telling what ends the program outside of a run.
extension Outlet {
    /// Tells an error: in lines on standard error, as entries of the journal, or in JSON objects on standard output.
    ///
    /// A line that has no place in a file begins with the program's name. The objects are those of ``JSONSink``'s
    /// `error` events, without `run` and `task`.
    public func tell(
        _ error: any Error,
        as format: OutputFormat = .text,
        _ kind: MessageID = .programFailed,
        file: String = #fileID,
        line: Int = #line,
        function: String = #function,
    ) {
        let problems = problems(of: error)
        tell(problems, as: format, kind, journalFields(of: error), file: file, line: line, function: function)
    }

    /// Tells problems as those of an error are told.
    ///
    /// - Parameters:
    ///   - problems: What is wrong.
    ///   - format: For whom it is told.
    ///   - kind: The kind of the entries in the journal.
    ///   - fields: The fields that entries of the kind have besides.
    ///   - file: The file of the sources that tells them, with its module.
    ///   - line: The line there.
    ///   - function: The function there.
    public func tell(
        _ problems: [Problem],
        as format: OutputFormat = .text,
        _ kind: MessageID,
        _ fields: [(String, String)] = [],
        file: String = #fileID,
        line: Int = #line,
        function: String = #function,
    ) {
        let code = CodePlace(file: file, line: line, function: function)
        switch format {
        case .text:
            for problem in problems { tell(problem, kind, fields, code) }
        case .json:
            let time = Machine.milliseconds()
            write(problems.flatMap { EventRecord($0, nil).line(run: nil, milliseconds: time) }, to: .results)
        }
    }

    private func tell(_ problem: Problem, _ kind: MessageID, _ fields: [(String, String)], _ code: CodePlace) {
        if let journal {
            // A dependency that is not there yet is no fault, and told again with every attempt.
            var entry = JournalEntry(
                kind,
                problem.description,
                priority: kind == .dependencyMissing ? 5 : 3,
                from: code
            )
            entry.add(fields)
            // What the journal does not take is told as if it were not there.
            if (try? journal(entry.fields)) != nil { return }
        }
        write(problem.place == nil ? "nest-bootstrap: \(problem)\n" : "\(problem)\n", to: .diagnostics)
    }
}
