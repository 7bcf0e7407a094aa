import CShims
import Glibc

/// One open file descriptor, closed when the value goes out of scope.
struct FileDescriptor: ~Copyable, Sendable {
    /// The number that C knows it by.
    let raw: CInt

    /// Takes over a descriptor that C returned.
    init(adopting raw: CInt) {
        self.raw = raw
    }

    deinit { close(raw) }

    /// Gives the descriptor up to another owner.
    consuming func release() { discard self }

    /// Opens a path; the descriptor is never inherited by a child.
    init(
        opening path: String,
        _ flags: CInt,
        mode: mode_t = 0,
        _ operation: String,
    ) throws(SystemError) {
        try SystemError.checkPath(operation, path)
        self.init(
            adopting: try SystemError.check(operation, path) { unsafe open(path, flags | O_CLOEXEC | O_NOCTTY, mode) }
        )
    }

    /// Makes another descriptor of what is open here, which shares its locks.
    func duplicate(_ operation: String, _ subject: String) throws(SystemError) -> FileDescriptor {
        FileDescriptor(adopting: try SystemError.check(operation, subject) { fcntl(raw, F_DUPFD_CLOEXEC, 0) })
    }

    /// Reads up to `capacity` bytes; an empty array is the end of the file.
    func read(_ operation: String, _ subject: String, capacity: Int) throws(SystemError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: capacity)
        let count = try SystemError.check(operation, subject) {
            unsafe bytes.withUnsafeMutableBytes { unsafe Glibc.read(raw, $0.baseAddress, $0.count) }
        }
        bytes.removeLast(capacity - count)
        return bytes
    }
}

/// Both ends of a pipe, neither of them inherited by a child.
struct Pipe: ~Copyable {
    /// The end to read from; reading never blocks.
    let output: FileDescriptor

    /// The end to write to.
    let input: FileDescriptor

    /// Makes a pipe.
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

    /// Keeps the end to read from and closes the other.
    consuming func takeOutput() -> FileDescriptor { output }
}

/// Something that one thread can wait for with `poll` and any other can make happen, once.
final class Waker: Sendable {
    private let event: FileDescriptor

    init(_ operation: String, _ subject: String) throws(SystemError) {
        event = FileDescriptor(
            adopting: try SystemError.check(operation, subject) { nest_host_make_event() }
        )
    }

    /// The descriptor that becomes readable for good when ``wake()`` was called.
    var raw: CInt { event.raw }

    /// Ends every wait on the descriptor, those to come included.
    func wake() { nest_host_wake(event.raw) }
}
