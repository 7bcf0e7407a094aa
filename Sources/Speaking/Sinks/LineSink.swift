public import Execution
import Locking

/// Tells a run in plain lines, for files, pipes and terminals that cannot do more.
public final class LineSink: EventSink {
    private let outlet: Outlet
    private let narrator: Locked<Narrator>

    /// Creates a sink.
    public init(_ outlet: Outlet, isDryRun: Bool = false) {
        self.outlet = outlet
        narrator = Locked(Narrator(isDryRun: isDryRun))
    }

    /// Writes the lines of an event.
    public func receive(_ event: Event) {
        narrator.withLock { narrator in
            for line in narrator.lines(for: event) {
                outlet.write("\(line)\n", to: line.isDiagnostic ? .diagnostics : .results)
            }
        }
    }
}
