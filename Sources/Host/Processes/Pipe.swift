import Base
import CShims
import Glibc

/// A pipe whose ends are not inherited by child processes.
struct Pipe: ~Copyable {
    /// The end to read from, initially non-blocking.
    let output: FileDescriptor

    let input: FileDescriptor

    init(_ operation: String, _ subject: String) throws(SystemError) {
        var ends: [CInt] = [-1, -1]
        try SystemError.check(operation, subject) {
            unsafe ends.withUnsafeMutableBufferPointer { unsafe nest_host_make_pipe($0.baseAddress) }
        }
        let output = FileDescriptor(adopting: ends[0])
        let input = FileDescriptor(adopting: ends[1])
        try SystemError.check(operation, subject) { fcntl(output.raw, F_SETFL, O_NONBLOCK) }
        self.output = output
        self.input = input
    }

    /// Returns the end to read from, and closes the other end.
    consuming func takeOutput() -> FileDescriptor { output }

    /// Returns the end to write to, and closes the other end.
    consuming func takeInput() -> FileDescriptor { input }
}

/// Calls a function that reads or writes a non-blocking descriptor; returns `nil` if the call would block.
func unlessBlocking<Value: ~Copyable>(_ body: () throws(SystemError) -> Value) throws(SystemError) -> Value? {
    do throws(SystemError) {
        return try body()
    } catch {
        if error.code == EAGAIN { return nil }
        throw error
    }
}

/// Reads available bytes; returns `nil` if the descriptor would block, and an empty array at the end of the data.
func readAvailable(
    _ descriptor: CInt,
    _ operation: String,
    _ subject: String,
    capacity: Int
) throws(SystemError) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: capacity)
    let count = try unlessBlocking { () throws(SystemError) in
        try SystemError.check(operation, subject) { unsafe read(descriptor, &bytes, capacity) }
    }
    return count.map { Array(bytes.prefix($0)) }
}

/// A one-time event that any thread can trigger and that `poll` can wait for.
final class Waker: Sendable {
    private let event: FileDescriptor

    init(_ operation: String, _ subject: String) throws(SystemError) {
        event = FileDescriptor(
            adopting: try SystemError.check(operation, subject) { nest_host_make_event() }
        )
    }

    /// The descriptor, which stays readable after ``wake()``.
    var raw: CInt { event.raw }

    /// Ends every present and future wait for the descriptor.
    func wake() { nest_host_wake(event.raw) }
}

/// Waits until a descriptor is ready; returns `false` if none is ready at the deadline.
func poll(_ waits: inout [pollfd], until deadline: ContinuousClock.Instant) throws(SystemError) -> Bool {
    while true {
        // The timeout is at most an hour, after which the loop polls again.
        let timeout = CInt((deadline - .now).milliseconds(atMost: 3_600_000))
        let count = unsafe Glibc.poll(&waits, nfds_t(waits.count), timeout)
        let code = errno
        if count > 0 { return true }
        if count < 0, code != EINTR { throw SystemError("cannot wait for", "\(waits.count) descriptors", code: code) }
        if deadline <= .now { return false }
    }
}

extension pollfd {
    /// Creates an entry that waits for input, or for the other end to be closed.
    init(reading descriptor: CInt) {
        self.init(fd: descriptor, events: Int16(POLLIN), revents: 0)
    }

    /// Whether an event was reported, including a hang-up or an error.
    var isReady: Bool { revents != 0 }
}

/// Runs a blocking function on a separate thread; cancellation wakes the waker that the function receives.
func onThread<Value: Sendable>(
    _ operation: String,
    _ subject: String,
    _ body: @escaping @Sendable (Waker) throws(SystemError) -> Value,
) async throws(SystemError) -> Value {
    let cancelled = try Waker(operation, subject)
    let result: Result<Value, SystemError> = await withTaskCancellationHandler {
        await withCheckedContinuation { continuation in
            do throws(SystemError) {
                try startThread {
                    continuation.resume(returning: Result { () throws(SystemError) in try body(cancelled) })
                }
            } catch {
                // The function is not run on the caller's thread, because it may block until the task's deadline.
                let failure = SystemError(operation, subject, code: error.code, detail: "\(error)")
                continuation.resume(returning: .failure(failure))
            }
        }
    } onCancel: {
        cancelled.wake()
    }
    return try result.get()
}
