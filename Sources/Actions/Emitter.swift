import Execution

/// What hears of a task's events, each with the place in the sources that tells it.
struct Emitter: Sendable {
    private let tell: @Sendable (Event.Kind, CodePlace) -> Void

    /// Creates an emitter from what hears.
    init(_ tell: @escaping @Sendable (Event.Kind, CodePlace) -> Void) {
        self.tell = tell
    }

    /// Tells an event.
    func callAsFunction(
        _ kind: Event.Kind,
        file: String = #fileID,
        line: Int = #line,
        function: String = #function,
    ) {
        tell(kind, CodePlace(file: file, line: line, function: function))
    }
}
