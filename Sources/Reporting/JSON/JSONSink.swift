/// Reports a run to programs: one JSON object a line on standard output, errors included.
public struct JSONSink: EventSink {
    private let output: ConsoleOutput
    private var formatter: JSONFormatter

    /// Creates a sink.
    ///
    /// - Parameters:
    ///   - output: Where the lines go.
    ///   - run: The identifier of the run.
    ///   - isDryRun: Whether the run writes nothing.
    public init(_ output: ConsoleOutput, run: String, isDryRun: Bool = false) {
        self.output = output
        formatter = JSONFormatter(run: run, isDryRun: isDryRun)
    }

    /// Whether the reader of standard output is slow or gone.
    public var isBehind: Bool { output.backlog(of: .results) > ConsoleOutput.backlogLimit }

    /// Writes the objects of an event.
    public mutating func receive(_ event: ReportedEvent) {
        output.write(formatter.lines(for: event), to: .results)
    }
}
