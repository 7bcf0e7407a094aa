/// Reports a run to programs: objects on standard output, errors included.
public struct JSONSink: EventSink {
    private let output: ConsoleOutput
    private let format: OutputFormat
    private var formatter: JSONFormatter

    /// Creates a sink.
    ///
    /// - Parameters:
    ///   - output: Where the objects go.
    ///   - format: JSON or YAML.
    ///   - run: The identifier of the run.
    ///   - isDryRun: Whether the run writes nothing.
    public init(_ output: ConsoleOutput, as format: OutputFormat = .json, run: String, isDryRun: Bool = false) {
        self.output = output
        self.format = format
        formatter = JSONFormatter(run: run, isDryRun: isDryRun)
    }

    /// Whether the reader of standard output is slow or gone.
    public var isBehind: Bool { output.isBacklogged }

    /// Writes the objects of an event.
    public mutating func receive(_ event: ReportedEvent) {
        output.write(objects(formatter.lines(for: event), as: format), to: .results)
    }
}
