import Base

/// A function that starts catching the signals that would end the program, and stops when the stream is released.
typealias SignalCatcher = @Sendable () throws(SystemError) -> AsyncStream<Int32>

/// Runs a function until it ends, or until a signal cancels it.
///
/// Later signals have no effect: a cancelled function ends within seconds, without leaving child processes behind, and
/// with a record of every task that has started. `SIGQUIT` ends the program at once.
///
/// - Returns: The result of the function, and the signal that ended it early.
func interruptible<Value: Sendable>(
    by signals: AsyncStream<Int32>,
    _ body: @escaping @Sendable () async -> Value,
) async -> (Value, signal: Int32?) {
    // While the stream exists, the signals that it catches do not end the program.
    defer { withExtendedLifetime(signals) {} }
    let work = Task { await body() }
    let interruption = Task {
        let signal = await signals.first { _ in true }
        if signal != nil { work.cancel() }
        return signal
    }
    let value = await work.value
    interruption.cancel()
    return (value, await interruption.value)
}
