public import YAML

/// Reports a run in machine-readable form, as objects on standard output, including errors.
public struct JSONSink: EventSink {
    private let output: ConsoleOutput
    private let format: OutputFormat
    private var formatter: JSONFormatter

    /// Creates a sink.
    ///
    /// - Parameters:
    ///   - output: The output that receives the objects.
    ///   - format: JSON or YAML.
    ///   - run: The identifier of the run.
    ///   - isDryRun: Whether the run is a dry run.
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

/// Machine-readable output.
extension ConsoleOutput {
    /// Writes objects to standard output, as one JSON object per line or as YAML documents.
    ///
    /// - Parameters:
    ///   - lines: The objects as JSON, one per line; the last line ending may be missing.
    ///   - format: JSON or YAML, but not text.
    public func writeObjects(_ lines: String, as format: OutputFormat) {
        let end = lines.isEmpty || lines.hasSuffix("\n") ? "" : "\n"
        write(objects(Array((lines + end).utf8), as: format), to: .results)
    }

    /// Writes one object to standard output.
    ///
    /// - Parameters:
    ///   - object: The object.
    ///   - format: JSON or YAML, but not text.
    public func writeObject(_ object: Node, as format: OutputFormat) {
        write(objects(object.json() + [UInt8(ascii: "\n")], as: format), to: .results)
    }
}

/// Converts lines of JSON objects into the requested format.
///
/// In YAML every document begins with `---`, so that several documents form a stream. Keys are in the order of JSON.
func objects(_ lines: [UInt8], as format: OutputFormat) -> [UInt8] {
    guard format == .yaml else { return lines }
    return lines.split(separator: UInt8(ascii: "\n")).flatMap { line -> [UInt8] in
        // The input is always JSON that this program has written.
        guard let node = try? readJSON(Array(line), file: "") else { return Array(line) + [UInt8(ascii: "\n")] }
        return Array("---\n\(node.yamlLines(isSorted: false).joined(separator: "\n"))\n".utf8)
    }
}
