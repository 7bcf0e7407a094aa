public import YAML

/// Reports a run in machine-readable form, as objects on standard output, including errors.
public struct JSONSink: EventSink {
    private let output: ConsoleOutput
    private var formatter: JSONFormatter

    /// Creates a sink.
    ///
    /// - Parameters:
    ///   - output: The output that receives the objects.
    ///   - run: The identifier of the run.
    ///   - isDryRun: Whether the run is a dry run.
    public init(_ output: ConsoleOutput, run: String, isDryRun: Bool = false) {
        self.output = output
        formatter = JSONFormatter(run: run, isDryRun: isDryRun)
    }

    /// Whether the reader of standard output is slow or gone.
    public var isBehind: Bool { output.isBacklogged }

    /// Writes the objects of an event.
    public mutating func receive(_ event: ReportedEvent) {
        output.write(formatter.lines(for: event), to: .results)
    }
}

/// Machine-readable output.
extension ConsoleOutput {
    /// Writes objects to standard output, one per line.
    ///
    /// - Parameter lines: The objects as JSON, one per line; the last line ending may be missing.
    public func writeObjects(_ lines: String) {
        let end = lines.isEmpty || lines.hasSuffix("\n") ? "" : "\n"
        write(Array((lines + end).utf8), to: .results)
    }

    /// Writes one object to standard output.
    public func writeObject(_ object: Node) {
        write(object.json() + [UInt8(ascii: "\n")], to: .results)
    }
}
