public import Base
import CShims
import Glibc

/// The result of a program that was run as a filter.
public struct FilterResult: Sendable {
    /// The exit status of the program.
    public var status: ExitStatus

    /// The standard output of the program.
    public var output: SecretBytes

    /// The end of the program's standard error.
    public var errors: String

    /// The last lines of the program's standard error as they are, or the way in which it ended if it has printed none.
    public var reason: String {
        let lines = errors.split(whereSeparator: \.isNewline).suffix(4)
        guard case .exited = status, !lines.isEmpty else { return "the program \(status)" }
        return lines.joined(separator: "; ")
    }
}

/// Runs a program as a filter, whose input and output exist only in pipes and in memory that is wiped.
///
/// At the deadline and on cancellation, the program and its children are killed.
///
/// - Parameters:
///   - command: The program to run.
///   - input: The bytes for standard input.
///   - outputLimit: The number of bytes of output above which the program is killed.
///   - errorsLimit: The number of bytes at the end of standard error that are kept.
///   - keepsTerminal: Whether the program stays in the session of this process, so that it can ask for a password on the
///     terminal; then its children are not killed.
///   - deadline: The instant at which the program is killed.
/// - Returns: The exit status and the output; a non-zero exit code is a normal result.
/// - Throws: ``Base/SystemError`` that names the program if it cannot be started, or its output is too large.
public func filter(
    _ command: Command,
    input: SecretBytes,
    outputLimit: Int,
    errorsLimit: Int = 4096,
    keepsTerminal: Bool = false,
    deadline: ContinuousClock.Instant,
) async throws(SystemError) -> FilterResult {
    if Task.isCancelled { throw SystemError("cannot run", command.program, code: ECANCELED) }
    return try await onThread("cannot run", command.program) { (cancelled) throws(SystemError) in
        var process = try FilterProcess(
            starting: command,
            input: input,
            outputLimit: outputLimit,
            errorsLimit: errorsLimit,
            keepsTerminal: keepsTerminal
        )
        return try process.finish(until: deadline, cancelled: cancelled)
    }
}

/// A running program with pipes to its three standard streams.
private struct FilterProcess: ~Copyable {
    private let name: String
    private let process: pid_t
    /// The process that signals are sent to, or its group.
    private let target: pid_t
    private let input: SecretBytes
    private let outputLimit: Int
    private let errorsLimit: Int
    private var inputEnd: FileDescriptor?
    private let outputEnd: FileDescriptor
    private let errorsEnd: FileDescriptor
    private var writtenCount = 0
    private var parts: [SecretBytes] = []
    private var outputCount = 0
    private var errors: [UInt8] = []
    private var isReaped = false

    init(
        starting command: Command,
        input: SecretBytes,
        outputLimit: Int,
        errorsLimit: Int,
        keepsTerminal: Bool,
    ) throws(SystemError) {
        let inputPipe = try Pipe("cannot run", command.program)
        let outputPipe = try Pipe("cannot run", command.program)
        let errorsPipe = try Pipe("cannot run", command.program)
        // Few programs expect standard input to be non-blocking.
        try SystemError.check("cannot run", command.program) { fcntl(inputPipe.output.raw, F_SETFL, 0) }
        process = try command.spawn(
            input: inputPipe.output.raw,
            output: outputPipe.input.raw,
            errors: errorsPipe.input.raw,
            keepsTerminal: keepsTerminal,
        )
        target = keepsTerminal ? process : -process
        name = command.program
        self.input = input
        (self.outputLimit, self.errorsLimit) = (outputLimit, errorsLimit)
        inputEnd = inputPipe.takeInput()
        outputEnd = outputPipe.takeOutput()
        errorsEnd = errorsPipe.takeOutput()
    }

    deinit {
        if isReaped { return }
        kill(target, SIGKILL)
        waitpid(process, nil, 0)
    }

    /// Writes the input, reads the outputs, and waits for the end.
    mutating func finish(
        until deadline: ContinuousClock.Instant,
        cancelled: Waker,
    ) throws(SystemError) -> FilterResult {
        let handle = FileDescriptor(
            adopting: try SystemError.check("cannot wait for", name) { nest_host_open_process(process) }
        )
        if let end = inputEnd?.raw { try SystemError.check("cannot run", name) { fcntl(end, F_SETFL, O_NONBLOCK) } }
        var waits = [handle.raw, outputEnd.raw, errorsEnd.raw, cancelled.raw].map { pollfd(reading: $0) }
        waits.append(pollfd(fd: inputEnd?.raw ?? -1, events: Int16(POLLOUT), revents: 0))
        while waits[..<3].contains(where: { $0.fd >= 0 }) {
            guard try poll(&waits, until: deadline), deadline > .now else { return end(.timedOut) }
            if waits[3].isReady { return end(.cancelled) }
            if waits[4].isReady, try !writeInput() {
                waits[4].fd = -1
                // Closing the pipe signals the end of the input to the program.
                inputEnd = nil
            }
            if waits[1].isReady, try !readOutput() { waits[1].fd = -1 }
            if waits[2].isReady, try !readErrors() { waits[2].fd = -1 }
            if waits[0].isReady { waits[0].fd = -1 }
        }
        isReaped = true
        var status: CInt = 0
        try SystemError.check("cannot wait for", name) { unsafe waitpid(process, &status, 0) }
        return result(ExitStatus(waitStatus: status))
    }

    /// Writes as much input as the pipe accepts, and returns whether more has to be written.
    private mutating func writeInput() throws(SystemError) -> Bool {
        guard let end = inputEnd?.raw, writtenCount < input.count else { return false }
        let start = writtenCount
        do throws(SystemError) {
            writtenCount += try SystemError.check("cannot write to", name) {
                unsafe input.withBytes { bytes in
                    unsafe write(end, bytes.baseAddress.map { unsafe $0 + start }, bytes.count - start)
                }
            }
            return writtenCount < input.count
        } catch {
            // The program has closed its input because it needs no more.
            if error.code == EPIPE { return false }
            if error.code == EAGAIN { return true }
            throw error
        }
    }

    private mutating func readOutput() throws(SystemError) -> Bool {
        let end = outputEnd.raw
        let name = name
        let read = try unlessBlocking { () throws(SystemError) in
            try unsafe SecretBytes(capacity: 1 << 14) { (memory) throws(SystemError) in
                try SystemError.check("cannot read the output of", name) {
                    unsafe Glibc.read(end, memory.baseAddress, memory.count)
                }
            }
        }
        guard let part = read else { return true }
        guard part.count > 0 else { return false }
        outputCount += part.count
        guard outputCount <= outputLimit else {
            throw SystemError("cannot read the output of", name, code: EFBIG, detail: "it is too large")
        }
        parts.append(part)
        return true
    }

    private mutating func readErrors() throws(SystemError) -> Bool {
        let name = name
        let read = try unlessBlocking { () throws(SystemError) in
            try errorsEnd.read("cannot read the errors of", name, capacity: 1 << 12)
        }
        guard let bytes = read else { return true }
        errors = (errors + bytes).suffix(errorsLimit)
        return !bytes.isEmpty
    }

    /// Kills the program.
    private mutating func end(_ status: ExitStatus) -> FilterResult {
        kill(target, SIGKILL)
        waitpid(process, nil, 0)
        isReaped = true
        return result(status)
    }

    private func result(_ status: ExitStatus) -> FilterResult {
        FilterResult(
            status: status,
            output: SecretBytes(joining: parts),
            errors: String(decoding: errors, as: UTF8.self),
        )
    }
}
