import Base
import CShims
import Glibc

/// A running program, whose process group is killed when the value is dropped.
struct ChildProcess: ~Copyable {
    /// What the loop waits for.
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
    /// The reason, if this agent ended the program.
    private var ending: ExitStatus?
    private var isRunning = true
    private var isReaped = false
    /// Until when a killed process is waited for, once one was killed.
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
        grace: Duration,
        cancelled: Waker,
    ) throws(SystemError) -> ExitStatus {
        let handle = FileDescriptor(
            adopting: try SystemError.check("cannot wait for", name) { nest_host_open_process(process) }
        )
        limit = deadline
        // poll ignores negative descriptors: those that are finished are set to -1.
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
                if phase == .running { terminate(.cancelled, grace) }
            }
            // Also checked while there is output, which may never end.
            if !isReady || limit <= .now, timeIsUp(grace) { break }
        }
        lines.finish()
        return try reap()
    }

    /// Reads what the pipe holds, and returns whether more can follow.
    private mutating func readOutput() throws(SystemError) -> Bool {
        do throws(SystemError) {
            let bytes = try output.read("cannot read the output of", name, capacity: 1 << 16)
            lines.feed(bytes)
            return !bytes.isEmpty
        } catch {
            if error.code == EAGAIN { return true }
            throw error
        }
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

    /// Reads the exit status; until then the kernel does not reuse the process number.
    private mutating func reap() throws(SystemError) -> ExitStatus {
        // Other processes of the group may outlive the leader.
        if ending != nil { killGroup() }
        isReaped = true
        var status: CInt = 0
        try SystemError.check("cannot wait for", name) { unsafe waitpid(process, &status, WNOHANG) }
        if let killLimit, let survivor = group.survivor(at: killLimit) { onSurvivor(survivor) }
        return ending ?? ExitStatus(waitStatus: status)
    }
}
