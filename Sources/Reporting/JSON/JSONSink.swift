public import YAML

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

/// Writing what programs read.
extension ConsoleOutput {
    /// Writes objects on standard output, one JSON object a line, or each as a YAML document.
    ///
    /// - Parameters:
    ///   - lines: The objects as JSON, one a line; the end of the last line may be missing.
    ///   - format: The format, not that for people.
    public func writeObjects(_ lines: String, as format: OutputFormat) {
        let end = lines.isEmpty || lines.hasSuffix("\n") ? "" : "\n"
        write(objects(Array((lines + end).utf8), as: format), to: .results)
    }

    /// Writes one object on standard output.
    ///
    /// - Parameters:
    ///   - object: The object.
    ///   - format: The format, not that for people.
    public func writeObject(_ object: Node, as format: OutputFormat) {
        write(objects(object.json() + [UInt8(ascii: "\n")], as: format), to: .results)
    }
}

/// Returns objects, one JSON object a line, in a format for programs.
///
/// In YAML every document begins with `---`, so that several of them are a stream. Keys are in the order of JSON.
func objects(_ lines: [UInt8], as format: OutputFormat) -> [UInt8] {
    guard format == .yaml else { return lines }
    return lines.split(separator: UInt8(ascii: "\n")).flatMap { line -> [UInt8] in
        // Only what this program has written as JSON comes here.
        guard let node = try? readJSON(Array(line), file: "") else { return Array(line) + [UInt8(ascii: "\n")] }
        return Array("---\n\(node.yamlLines(isSorted: false).joined(separator: "\n"))\n".utf8)
    }
}
