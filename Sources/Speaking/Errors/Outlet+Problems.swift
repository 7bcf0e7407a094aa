import Host

/// Telling what ends the program outside of a run.
extension Outlet {
    /// Tells an error: in lines on standard error, or in JSON objects on standard output.
    ///
    /// A line that has no place in a file begins with the program's name. The objects are those of ``JSONSink``'s
    /// `error` events, without `run` and `task`.
    public func tell(_ error: any Error, as format: OutputFormat = .text) {
        tell(problems(of: error), as: format)
    }

    /// Tells problems as those of an error are told.
    public func tell(_ problems: [Problem], as format: OutputFormat = .text) {
        switch format {
        case .text:
            let lines = problems.map { $0.place == nil ? "nest-bootstrap: \($0)\n" : "\($0)\n" }
            write(lines.joined(), to: .diagnostics)
        case .json:
            let time = Machine.milliseconds()
            write(problems.flatMap { EventRecord($0, nil).line(run: nil, milliseconds: time) }, to: .results)
        }
    }
}
