import Execution

/// Runs an engine until it ends, or until a signal cancels it.
///
/// Later signals change nothing: what is cancelled ends within seconds, without leaving child processes behind, and with a
/// record of every task that has started. `SIGQUIT` ends the program at once.
///
/// - Parameters:
///   - signals: The signals.
///   - body: Runs the engine.
/// - Returns: How the tasks ended, and the signal that ended them early.
func interruptible(
    by signals: AsyncStream<Int32>,
    _ body: @escaping @Sendable () async -> Report,
) async -> (Report, signal: Int32?) {
    // While the stream exists, its signals do not end the program.
    defer { withExtendedLifetime(signals) {} }
    return await withTaskGroup(of: Ending.self) { group in
        group.addTask { .report(await body()) }
        group.addTask { .signal(await signals.first { _ in true }) }
        var signal: Int32?
        while let ending = await group.next() {
            switch ending {
            case .signal(let number):
                signal = number
                if number != nil { group.cancelAll() }
            case .report(let report):
                group.cancelAll()
                return (report, signal)
            }
        }
        preconditionFailure("a run ends with a report")
    }
}

private enum Ending: Sendable {
    case report(Report)
    case signal(Int32?)
}
