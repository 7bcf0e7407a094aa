public import Base
import CShims
import Glibc

/// A running program whose output is read from pipes; `deinit` kills it unless it was reaped.
struct ChildProcess: ~Copyable {
    /// The event that `watch` waits for.
    private enum Phase {
        /// The exit of the program and, for a filter, the end of its output.
        case running
        /// The end of the output, after the exit of the program.
        case draining
        /// The exit of the program and the end of its output, after `SIGTERM`.
        case terminating
        /// The exit of the program and the end of its output, after `SIGKILL`.
        case killed
    }

    private let command: Command
    private let process: pid_t
    private let isFilter: Bool
    private var input: FileDescriptor?
    private let output: FileDescriptor
    /// The standard error of a filter; other programs write it to the same pipe as their output.
    private var errors: FileDescriptor?
    private var phase = Phase.running
    private var limit: ContinuousClock.Instant = .now
    /// The reason why this agent terminated the program, or `nil` if it did not.
    private var ending: ExitStatus?
    private var isRunning = true
    private var isReaped = false
    /// The instant until which killed processes are waited for, or `nil` if none was killed.
    private var killLimit: ContinuousClock.Instant?

    /// The time to read output after the exit of the program, whose children may still write.
    private static let drainTimeout: Duration = .milliseconds(250)

    /// Starts a program; errors name the program.
    ///
    /// A filter has separate pipes for its input and its errors, and its output is read to the end.
    init(starting command: Command, isFilter: Bool = false) throws(SystemError) {
        let operation = "cannot run"
        let outputPipe = try Pipe(operation, command.program)
        if isFilter {
            let inputPipe = try Pipe(operation, command.program)
            let errorsPipe = try Pipe(operation, command.program)
            // Few programs expect standard input to be non-blocking.
            try SystemError.check(operation, command.program) { fcntl(inputPipe.output.raw, F_SETFL, 0) }
            try SystemError.check(operation, command.program) { fcntl(inputPipe.input.raw, F_SETFL, O_NONBLOCK) }
            process = try command.spawn(
                input: inputPipe.output.raw,
                output: outputPipe.input.raw,
                errors: errorsPipe.input.raw,
            )
            input = inputPipe.takeInput()
            errors = errorsPipe.takeOutput()
        } else {
            process = try command.spawn(output: outputPipe.input.raw)
            input = nil
            errors = nil
        }
        output = outputPipe.takeOutput()
        (self.command, self.isFilter) = (command, isFilter)
    }

    deinit {
        if isReaped { return }
        send(SIGKILL)
        waitpid(process, nil, 0)
    }

    private var group: ProcessGroup { ProcessGroup(number: process) }

    /// Sends a signal to the whole group, or only to the program if it is in the group of this process.
    private func send(_ signal: CInt) {
        if command.keepsTerminal { kill(process, signal) } else { group.send(signal) }
    }

    /// Waits until the program has ended, and terminates it at the deadline or on cancellation.
    ///
    /// `write`, `readOutput` and `readErrors` receive a pipe that is ready, and return whether more data may follow.
    mutating func watch(
        deadline: ContinuousClock.Instant,
        grace: () -> Duration,
        cancelled: Waker,
        write: (CInt) throws(SystemError) -> Bool = { _ in false },
        readOutput: (CInt) throws(SystemError) -> Bool,
        readErrors: (CInt) throws(SystemError) -> Bool = { _ in false },
    ) throws(SystemError) {
        let handle = FileDescriptor(
            adopting: try SystemError.check("cannot wait for", command.program) { nest_host_open_process(process) }
        )
        limit = deadline
        // poll ignores negative descriptors, so finished descriptors are set to -1.
        var waits = [handle.raw, output.raw, errors?.raw ?? -1, cancelled.raw].map { pollfd(reading: $0) }
        waits.append(pollfd(fd: input?.raw ?? -1, events: Int16(POLLOUT), revents: 0))
        while waits[..<3].contains(where: { $0.fd >= 0 }) {
            let isReady = try poll(&waits, until: limit)
            if waits[4].isReady, try !write(waits[4].fd) {
                waits[4].fd = -1
                // Closing the pipe signals the end of the input to the program.
                input = nil
            }
            if waits[1].isReady, try !readOutput(waits[1].fd) { waits[1].fd = -1 }
            if waits[2].isReady, try !readErrors(waits[2].fd) { waits[2].fd = -1 }
            if waits[0].isReady {
                waits[0].fd = -1
                leaderHasEnded()
            }
            if waits[3].isReady {
                waits[3].fd = -1
                if phase == .running { terminate(.cancelled, grace()) }
            }
            // The limit is also checked while there is output, because output may never end.
            if !isReady || limit <= .now, timeIsUp(grace()) { break }
        }
    }

    private mutating func leaderHasEnded() {
        isRunning = false
        if phase == .terminating || isFilter && phase == .running { return }
        if phase == .running { phase = .draining }
        limit = .now + Self.drainTimeout
    }

    private mutating func terminate(_ ending: ExitStatus, _ grace: Duration) {
        self.ending = ending
        phase = .terminating
        limit = .now + grace
        send(SIGTERM)
        // A stopped process handles `SIGTERM` only after it continues.
        send(SIGCONT)
    }

    private mutating func killGroup() {
        send(SIGKILL)
        killLimit = killLimit ?? .now + Command.killLimit
    }

    /// Ends a phase whose time limit has passed, and returns `true` if no phase follows.
    private mutating func timeIsUp(_ grace: Duration) -> Bool {
        switch phase {
        case .running:
            terminate(.timedOut, grace)
            return false
        case .terminating:
            phase = .killed
            killGroup()
            limit = .now + (isRunning ? Command.killLimit : Self.drainTimeout)
            return false
        case .draining, .killed:
            return true
        }
    }

    /// Reaps the program, and returns its exit status, or the reason why this agent terminated it.
    ///
    /// The kernel cannot reuse the process ID before the program is reaped. If a process of the group still runs
    /// ``Command/killLimit`` after `SIGKILL`, its ID is passed to `onSurvivor`.
    mutating func reap(onSurvivor: (pid_t) -> Void = { _ in }) throws(SystemError) -> ExitStatus {
        // Other processes of the group may outlive the leader: the program in a sandbox may outlive bubblewrap.
        if ending != nil, phase == .terminating { _ = group.survivor(at: limit) }
        if ending != nil || command.isConfined { killGroup() }
        isReaped = true
        var status: CInt = 0
        try SystemError.check("cannot wait for", command.program) { unsafe waitpid(process, &status, WNOHANG) }
        if let killLimit, let survivor = group.survivor(at: killLimit) { onSurvivor(survivor) }
        return ending ?? ExitStatus(waitStatus: status)
    }
}

/// Runs a program until it ends, and emits its output line by line.
///
/// Standard input is empty. At the deadline and on cancellation, the process group gets `SIGTERM` and, after a grace
/// period, `SIGKILL`; a process that still runs ``Command/killLimit`` later is left alone. Processes that a program
/// leaves running after its own exit are not waited for, even if they keep its output open. If the program is
/// confined, they are killed. If the deadline has passed or the task is cancelled, the program is not started.
///
/// - Parameters:
///   - command: The command to run.
///   - deadline: The instant at which the program is terminated.
///   - grace: The time between `SIGTERM` and `SIGKILL`, determined when `SIGTERM` is sent.
///   - lineLimit: The maximum number of bytes in a line; longer lines are split.
///   - onSurvivor: Called on another thread with the ID of a process that still runs ``Command/killLimit`` after
///     `SIGKILL`.
///   - onLine: Called on another thread with each emitted line of output and errors, in the order written.
/// - Returns: The exit status of the program; a non-zero exit code is a normal result.
/// - Throws: ``Base/SystemError`` that names the program if it cannot be started or its output cannot be read.
public func run(
    _ command: Command,
    deadline: ContinuousClock.Instant,
    grace: @escaping @Sendable @autoclosure () -> Duration = Command.grace,
    lineLimit: Int = 8 << 10,
    onSurvivor: @escaping @Sendable (Int32) -> Void = { _ in },
    onLine: @escaping @Sendable (String) -> Void,
) async throws(SystemError) -> ExitStatus {
    if Task.isCancelled { return .cancelled }
    if deadline <= .now { return .timedOut }
    return try await onThread("cannot run", command.program) { (cancelled) throws(SystemError) in
        // By default, the journal accepts 10,000 entries of a service in 30 s, and drops the rest.
        var lines = LineSplitter(lineLimit: lineLimit, countLimit: 4000, emit: onLine)
        var child = try ChildProcess(starting: command)
        try child.watch(deadline: deadline, grace: grace, cancelled: cancelled) { (output) throws(SystemError) in
            let bytes = try readAvailable(output, "cannot read the output of", command.program, capacity: 1 << 16)
            if let bytes { lines.feed(bytes) }
            return bytes?.isEmpty != true
        }
        lines.finish()
        return try child.reap(onSurvivor: onSurvivor)
    }
}

/// The process group of a program: the started process, and its descendants that have not left the group.
struct ProcessGroup {
    /// The ID of the group, which is the process ID of its first process.
    let number: pid_t

    /// The pause between two checks of an ending group; the kernel does not report the end of a group.
    private static let pollMicroseconds: UInt32 = 20_000

    func send(_ signal: CInt) { kill(-number, signal) }

    /// Waits until every process has ended; if a process still runs at the limit, returns its ID.
    func survivor(at limit: ContinuousClock.Instant) -> pid_t? {
        while let process = runningProcess() {
            guard ContinuousClock.now < limit else { return process }
            usleep(Self.pollMicroseconds)
        }
        return nil
    }

    private func runningProcess() -> pid_t? {
        let result = kill(-number, 0)
        let code = errno
        if result != 0, code == ESRCH { return nil }
        // A process that has ended stays in the group until its parent reads its exit status.
        let names = (try? FileSystem.list("/proc")) ?? []
        return names.lazy.compactMap { pid_t($0) }.first { process in
            // The line is `PID (NAME) STATE PARENT GROUP …`; the name may contain any character. See proc_pid_stat(5).
            guard let line = try? readFile("/proc/\(process)/stat", limit: 4096),
                let end = line.lastIndex(of: UInt8(ascii: ")"))
            else { return false }
            let words = String(decoding: line[(end + 1)...], as: UTF8.self).split(separator: " ")
            return words.count > 2 && words[0] != "Z" && words[0] != "X" && Int32(words[2]) == number
        }
    }
}
