/// Runs a program to its end and hands on its output line by line.
///
/// The program gets no input. At the deadline, and when the Swift task is cancelled, its whole process group is asked to
/// end and, after the grace, made to. Processes that it leaves behind are not waited for, even if they keep its output
/// open.
///
/// - Parameters:
///   - command: What to run.
///   - deadline: The instant at which it is ended.
///   - grace: How long the group has between `SIGTERM` and `SIGKILL`.
///   - lineLimit: The bytes after which a line is continued on the next.
///   - countLimit: The lines of output after which only the last ones are told, when it has ended. A journal takes
///     10,000 entries of a service in half a minute, and then drops what comes, whatever it is.
///   - onLine: Takes each line, without its end, of output and errors in the order written; called on another thread.
/// - Returns: How the program ended; an exit code that is not zero is a normal result.
/// - Throws: ``SystemError`` that names the program if it cannot be started.
public func run(
    _ command: Command,
    deadline: ContinuousClock.Instant,
    grace: Duration = .seconds(5),
    lineLimit: Int = 8 << 10,
    countLimit: Int = 4000,
    onLine: @escaping @Sendable (String) -> Void,
) async throws(SystemError) -> ExitStatus {
    if Task.isCancelled { return .cancelled }
    if deadline <= .now { return .timedOut }
    return try await onThread("cannot run", command.program) { (cancelled) throws(SystemError) in
        let lines = LineSplitter(lineLimit: lineLimit, countLimit: countLimit, emit: onLine)
        var child = try ChildProcess(starting: command, lines: lines)
        return try child.watch(deadline: deadline, grace: grace, cancelled: cancelled)
    }
}
