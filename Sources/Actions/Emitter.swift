import Execution

/// Receives a task's events, each with the source location that emits it.
struct Emitter: Sendable {
    private let report: @Sendable (Event.Kind, CodeLocation) -> Void

    /// Creates an emitter from a receiver.
    init(_ report: @escaping @Sendable (Event.Kind, CodeLocation) -> Void) {
        self.report = report
    }

    /// Emits an event.
    func callAsFunction(
        _ kind: Event.Kind,
        file: String = #fileID,
        line: Int = #line,
        function: String = #function,
    ) {
        report(kind, CodeLocation(file: file, line: line, function: function))
    }
}
