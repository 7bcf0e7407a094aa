/// Reports a run in plain lines, for files, pipes and simple terminals.
public struct LineSink: EventSink {
    private let output: ConsoleOutput

    public init(_ output: ConsoleOutput) {
        self.output = output
    }

    /// Whether the reader of standard output is slow or gone.
    public var isBehind: Bool { output.isBacklogged }

    /// Writes the lines of an event.
    public mutating func receive(_ event: ReportedEvent) {
        for line in event.lines {
            output.write("\(line)\n", to: line.isDiagnostic ? .diagnostics : .results)
        }
    }
}
