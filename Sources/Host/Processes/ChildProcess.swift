public import Base
import CShims
import Glibc

/// A running program, whose process group is killed when the value is dropped.
struct ChildProcess: ~Copyable {
    /// The event that the loop waits for.
    private enum Phase {
        /// The program's own end.
        case running
        /// The end of the output of a program that has ended.
        case draining
        /// The end after `SIGTERM`.
        case terminating
        /// The end after `SIGKILL`.
        case killed
    }

    private let name: String
    private let process: pid_t
    private let output: FileDescriptor
    private let onSurvivor: @Sendable (pid_t) -> Void
    private var lines: LineSplitter
    private var phase = Phase.running
    private var limit: ContinuousClock.Instant = .now
    /// The reason why this agent ended the program, `nil` if it did not.
    private var ending: ExitStatus?
    private var isRunning = true
    private var isReaped = false
    /// The instant after which the wait for a killed process is given up, `nil` if no process was killed.
    private var killLimit: ContinuousClock.Instant?

    /// The time to read output after the program has ended: its children may still write.
    private static let drainTimeout: Duration = .milliseconds(250)

    init(
        starting command: Command,
        lines: LineSplitter,
        onSurvivor: @escaping @Sendable (pid_t) -> Void,
    ) throws(SystemError) {
        let pipe = try Pipe("cannot run", command.program)
        let process = try command.spawn(output: pipe.input.raw)
        self.name = command.program
        self.process = process
        self.lines = lines
        self.onSurvivor = onSurvivor
        self.output = pipe.takeOutput()
    }

    deinit {
        if isReaped { return }
        group.send(SIGKILL)
        waitpid(process, nil, 0)
    }

    private var group: ProcessGroup { ProcessGroup(number: process) }

    /// Waits until the program has ended, and ends it at the deadline or on cancellation.
    mutating func watch(
        deadline: ContinuousClock.Instant,
        grace: () -> Duration,
        cancelled: Waker,
    ) throws(SystemError) -> ExitStatus {
        let handle = FileDescriptor(
            adopting: try SystemError.check("cannot wait for", name) { nest_host_open_process(process) }
        )
        limit = deadline
        // poll ignores negative descriptors, so finished descriptors are set to -1.
        var waits = [handle.raw, output.raw, cancelled.raw].map { pollfd(reading: $0) }
        while waits[0].fd >= 0 || waits[1].fd >= 0 {
            let isReady = try poll(&waits, until: limit)
            if waits[1].isReady, try !readOutput() { waits[1].fd = -1 }
            if waits[0].isReady {
                waits[0].fd = -1
                leaderHasEnded()
            }
            if waits[2].isReady {
                waits[2].fd = -1
                if phase == .running { terminate(.cancelled, grace()) }
            }
            // The limit is also checked while there is output, because output may never end.
            if !isReady || limit <= .now, timeIsUp(grace()) { break }
        }
        lines.finish()
        return try reap()
    }

    /// Reads the available output, and returns whether more may follow.
    private mutating func readOutput() throws(SystemError) -> Bool {
        let name = name
        let read = try unlessBlocking { () throws(SystemError) in
            try output.read("cannot read the output of", name, capacity: 1 << 16)
        }
        guard let bytes = read else { return true }
        lines.feed(bytes)
        return !bytes.isEmpty
    }

    private mutating func leaderHasEnded() {
        isRunning = false
        if phase == .terminating { return }
        if phase == .running { phase = .draining }
        limit = .now + Self.drainTimeout
    }

    /// Sends `SIGTERM` to the whole group.
    private mutating func terminate(_ ending: ExitStatus, _ grace: Duration) {
        self.ending = ending
        phase = .terminating
        limit = .now + grace
        group.send(SIGTERM)
        // A stopped process receives the signal only when it continues.
        group.send(SIGCONT)
    }

    /// Sends `SIGKILL` to the whole group.
    private mutating func killGroup() {
        group.send(SIGKILL)
        killLimit = killLimit ?? .now + Command.killLimit
    }

    /// Acts on the phase's time limit, and returns whether the wait is over.
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

    /// Reads the exit status; until then, the kernel does not reuse the process ID.
    private mutating func reap() throws(SystemError) -> ExitStatus {
        // Other processes of the group may outlive the leader, as a program outlives bubblewrap.
        if ending != nil {
            if phase == .terminating { _ = group.survivor(at: limit) }
            killGroup()
        }
        isReaped = true
        var status: CInt = 0
        try SystemError.check("cannot wait for", name) { unsafe waitpid(process, &status, WNOHANG) }
        if let killLimit, let survivor = group.survivor(at: killLimit) { onSurvivor(survivor) }
        return ending ?? ExitStatus(waitStatus: status)
    }
}

/// Runs a program to its end, and emits its output line by line.
///
/// Standard input is empty. At the deadline and on cancellation, the whole process group gets `SIGTERM` and, after a
/// grace period, `SIGKILL`; a process that has not ended ``Command/killLimit`` later is left alone. If a program ends
/// by itself and leaves processes running, they are not waited for, even if they keep its output open.
///
/// - Parameters:
///   - command: The command to run.
///   - deadline: The instant at which the program is ended.
///   - grace: The time between `SIGTERM` and `SIGKILL`, determined when the former is sent.
///   - lineLimit: The maximum number of bytes in a line; longer lines are split.
///   - countLimit: The number of lines after which only the last lines are emitted, once the program has ended. The
///     journal accepts 10,000 entries of a service in 30 s and then drops all others.
///   - onSurvivor: Called on another thread with the ID of a process that still runs ``Command/killLimit`` after
///     `SIGKILL`.
///   - onLine: Called on another thread with each line of output and errors, in the order written.
/// - Returns: The exit status of the program; a non-zero exit code is a normal result.
/// - Throws: ``Base/SystemError`` that names the program if it cannot be started.
public func run(
    _ command: Command,
    deadline: ContinuousClock.Instant,
    grace: @escaping @Sendable @autoclosure () -> Duration = Command.grace,
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

/// The process group of a program: the started process, and the processes that it has started in turn.
struct ProcessGroup {
    /// The ID of the group, which is the process ID of its first process.
    let number: pid_t

    /// The pause between two checks of a killed group, because the kernel does not report the end of a group.
    private static let pollMicroseconds: UInt32 = 20_000

    /// Sends a signal to every process of the group.
    func send(_ signal: CInt) { kill(-number, signal) }

    /// Waits until every process has ended, or time is up.
    ///
    /// - Parameter limit: The instant at which time is up.
    /// - Returns: A process that still runs, `nil` if all have ended.
    func survivor(at limit: ContinuousClock.Instant) -> pid_t? {
        while let process = runningProcess() {
            guard ContinuousClock.now < limit else { return process }
            usleep(Self.pollMicroseconds)
        }
        return nil
    }

    /// Finds a process of the group that has not ended.
    private func runningProcess() -> pid_t? {
        let result = kill(-number, 0)
        let code = errno
        if result != 0, code == ESRCH { return nil }
        // A process that has ended stays in the group until its parent has read its exit status.
        let names = (try? FileSystem.list("/proc")) ?? []
        return names.lazy.compactMap { pid_t($0) }.first { process in
            guard let state = ProcessState(process) else { return false }
            return !state.hasEnded && state.group == number
        }
    }
}

/// The state of a process, from the line of `/proc/PID/stat`; see proc_pid_stat(5).
public struct ProcessState: Sendable {
    /// The words after the name: the state, the parent, the process group and others.
    private let words: [Substring]

    /// Reads the state of a process, or returns `nil` if there is none with this number.
    public init?(_ process: Int32) {
        guard let bytes = try? FileSystem.read("/proc/\(process)/stat", limit: 4096) else { return nil }
        self.init(line: String(decoding: bytes, as: UTF8.self))
    }

    /// Reads a line `PID (NAME) STATE PARENT GROUP …`, in which the name may contain anything.
    init?(line: String) {
        guard let end = line.lastIndex(of: ")") else { return nil }
        words = line[line.index(after: end)...].split(separator: " ")
        guard words.count > 2 else { return nil }
    }

    /// Whether a signal has stopped the process, or a debugger has.
    public var isStopped: Bool { words[0] == "T" || words[0] == "t" }

    /// Whether the process has ended, and its parent has not read its exit status yet.
    var hasEnded: Bool { words[0] == "Z" || words[0] == "X" }

    /// The number of the process group.
    var group: Int32? { Int32(words[2]) }
}
