public import Base

/// Runs a program to its end, and emits its output line by line.
///
/// Standard input is empty. At the deadline and on cancellation, the whole process group gets `SIGTERM` and, after a
/// grace period, `SIGKILL`; a process that has not ended ``Command/killLimit`` later is left alone. Processes that a program
/// which ends by itself leaves running are not waited for, even if they keep its output open.
///
/// - Parameters:
///   - command: What to run.
///   - deadline: The instant at which it is ended.
///   - grace: The time between `SIGTERM` and `SIGKILL`.
///   - lineLimit: The maximum number of bytes in a line; longer ones are split.
///   - countLimit: The number of lines after which only the last ones are emitted, when the program has ended. The
///     journal accepts 10,000 entries of a service in 30 s and then drops all others.
///   - onSurvivor: Called on another thread with the number of a process that still runs ``Command/killLimit`` after
///     `SIGKILL`.
///   - onLine: Called on another thread with each line of output and errors, in the order written.
/// - Returns: How the program ended; a non-zero exit code is a normal result.
/// - Throws: ``Base/SystemError`` that names the program if it cannot be started.
public func run(
    _ command: Command,
    deadline: ContinuousClock.Instant,
    grace: Duration = Command.grace,
    lineLimit: Int = 8 << 10,
    countLimit: Int = 4000,
    onSurvivor: @escaping @Sendable (Int32) -> Void = { _ in },
    onLine: @escaping @Sendable (String) -> Void,
) async throws(SystemError) -> ExitStatus {
    if Task.isCancelled { return .cancelled }
    if deadline <= .now { return .timedOut }
    return try await onThread("cannot run", command.program) { (cancelled) throws(SystemError) in
        let lines = LineSplitter(lineLimit: lineLimit, countLimit: countLimit, emit: onLine)
        var child = try ChildProcess(starting: command, lines: lines, onSurvivor: onSurvivor)
        return try child.watch(deadline: deadline, grace: grace, cancelled: cancelled)
    }
}
