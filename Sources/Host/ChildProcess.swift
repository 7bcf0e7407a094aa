import CShims
import Glibc

/// A started program; whoever drops it before its end kills its group.
struct ChildProcess: ~Copyable {
    /// What is being waited for.
    private enum Phase {
        /// The end, by itself.
        case running
        /// The end of the output, after the end.
        case draining
        /// The end that was asked for.
        case terminating
        /// The end that cannot be refused.
        case killed
    }

    private let name: String
    private let process: pid_t
    private let output: FileDescriptor
    private var lines: LineSplitter
    private var phase = Phase.running
    private var limit: ContinuousClock.Instant = .now
    /// How we ended it, if we did.
    private var ending: ExitStatus?
    private var isRunning = true
    private var isReaped = false

    /// How long output is waited for that the dead may have left in the pipe, or their children still write.
    private static let lingerTime: Duration = .milliseconds(250)

    /// How long a killed process may take to go, as it does while a disk does not answer.
    private static let killPatience: Duration = .seconds(5)

    init(starting command: Command, lines: LineSplitter) throws(SystemError) {
        let pipe = try Pipe("cannot run", command.program)
        let process = try command.spawn(output: pipe.input.raw)
        self.name = command.program
        self.process = process
        self.lines = lines
        self.output = pipe.takeOutput()
    }

    deinit {
        if isReaped { return }
        kill(-process, SIGKILL)
        waitpid(process, nil, 0)
    }

    /// Waits for the end or brings it about.
    mutating func watch(
        deadline: ContinuousClock.Instant,
        grace: Duration,
        cancelled: Waker,
    ) throws(SystemError) -> ExitStatus {
        let handle = FileDescriptor(
            adopting: try SystemError.check("cannot wait for", name) { nest_host_open_process(process) }
        )
        limit = deadline
        // A negative descriptor is passed over: what has happened is taken out this way.
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
            // Also while there is output: it may never stop.
            if !isReady || limit <= .now, timeIsUp(grace) { break }
        }
        lines.finish()
        return try reap()
    }

    /// Hands on what the pipe holds and tells whether more can come.
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
        limit = .now + Self.lingerTime
    }

    /// Asks the whole group to end.
    private mutating func terminate(_ ending: ExitStatus, _ grace: Duration) {
        self.ending = ending
        phase = .terminating
        limit = .now + grace
        kill(-process, SIGTERM)
        // A stopped process takes the signal only when it goes on.
        kill(-process, SIGCONT)
    }

    /// Takes the step that the phase's limit asks for and tells whether it was the last.
    private mutating func timeIsUp(_ grace: Duration) -> Bool {
        switch phase {
        case .running:
            terminate(.timedOut, grace)
            return false
        case .terminating:
            phase = .killed
            limit = .now + (isRunning ? Self.killPatience : Self.lingerTime)
            kill(-process, SIGKILL)
            return false
        case .draining, .killed:
            return true
        }
    }

    /// Takes the exit status from the kernel; until then no other process can have this one's number.
    private mutating func reap() throws(SystemError) -> ExitStatus {
        // The leader may be gone and others of its group not.
        if ending != nil { kill(-process, SIGKILL) }
        isReaped = true
        var status: CInt = 0
        try SystemError.check("cannot wait for", name) { unsafe waitpid(process, &status, WNOHANG) }
        return ending ?? ExitStatus(waitStatus: status)
    }
}
