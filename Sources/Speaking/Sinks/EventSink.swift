public import Execution

/// Somebody who is told of a run.
///
/// Events come from several threads; every sink tells them one after another and each whole.
public protocol EventSink: Sendable {
    /// Tells of an event.
    func receive(_ event: Event)

    /// Shows that time passes, for sinks that show it; called about five times a second.
    func tick()

    /// Leaves the output as it was found; called once after the last event.
    func finish()

    /// Shows why nothing runs, for sinks that show what the program is at; the program tells it besides.
    func obstructed(by problems: [Problem])
}

/// Most sinks tell what happens and nothing else.
extension EventSink {
    /// Does nothing.
    public func tick() {}

    /// Does nothing.
    public func finish() {}

    /// Does nothing.
    public func obstructed(by problems: [Problem]) {}
}
