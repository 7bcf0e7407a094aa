public import Base
import Glibc

public struct FilterResult: Sendable {
    public var status: ExitStatus

    public var output: SecretBytes

    /// The last 4 KiB of the program's standard error.
    public var errors: String

    /// The last lines of standard error if the program exited by itself and wrote any, otherwise its exit status.
    public var reason: String {
        let lines = errors.split(whereSeparator: \.isNewline).suffix(4)
        guard case .exited = status, !lines.isEmpty else { return "the program \(status)" }
        return lines.joined(separator: "; ")
    }
}

/// Runs a program as a filter; its input and output exist only in pipes and in memory that is wiped.
///
/// At the deadline and on cancellation, the process group of the program is killed; if the program keeps the terminal,
/// only the program itself is killed. A non-zero exit code is a normal result.
///
/// - Throws: ``Base/SystemError`` if the task is already cancelled, the program cannot be started, or its output
///   exceeds the limit.
public func filter(
    _ command: Command,
    input: SecretBytes = SecretBytes(copying: []),
    outputLimit: Int,
    deadline: ContinuousClock.Instant,
) async throws(SystemError) -> FilterResult {
    if Task.isCancelled { throw SystemError("cannot run", command.program, code: ECANCELED) }
    return try await onThread("cannot run", command.program) { (cancelled) throws(SystemError) in
        var child = try ChildProcess(starting: command, isFilter: true)
        var streams = FilterStreams(name: command.program, input: input, outputLimit: outputLimit)
        try child.watch(
            deadline: deadline,
            grace: { .zero },
            cancelled: cancelled,
            write: { (end) throws(SystemError) in try streams.write(to: end) },
            readOutput: { (end) throws(SystemError) in try streams.readOutput(end) },
            readErrors: { (end) throws(SystemError) in try streams.readErrors(end) },
        )
        return FilterResult(
            status: try child.reap(),
            output: SecretBytes(joining: streams.parts),
            errors: String(decoding: streams.errors, as: UTF8.self),
        )
    }
}

private struct FilterStreams {
    let name: String
    let input: SecretBytes
    let outputLimit: Int
    /// The maximum number of bytes that are kept from the end of standard error.
    static let errorsLimit = 4096
    var writtenCount = 0
    var parts: [SecretBytes] = []
    var outputCount = 0
    var errors: [UInt8] = []

    /// Writes as much input as the pipe accepts, and returns whether there is more to write.
    mutating func write(to end: CInt) throws(SystemError) -> Bool {
        guard writtenCount < input.count else { return false }
        let start = writtenCount
        do throws(SystemError) {
            writtenCount += try SystemError.check("cannot write to", name) {
                unsafe input.withBytes { bytes in
                    unsafe Glibc.write(end, bytes.baseAddress.map { unsafe $0 + start }, bytes.count - start)
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

    mutating func readOutput(_ end: CInt) throws(SystemError) -> Bool {
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

    mutating func readErrors(_ end: CInt) throws(SystemError) -> Bool {
        let bytes = try readAvailable(end, "cannot read the errors of", name, capacity: 1 << 12)
        if let bytes { errors = (errors + bytes).suffix(Self.errorsLimit) }
        return bytes?.isEmpty != true
    }
}
