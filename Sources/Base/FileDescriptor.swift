import Glibc

/// One open file descriptor, closed when the value goes out of scope.
public struct FileDescriptor: ~Copyable, Sendable {
    /// The number that C functions take.
    public let raw: Int32

    /// Takes ownership of a descriptor that a C function returned.
    public init(adopting raw: Int32) {
        self.raw = raw
    }

    deinit { close(raw) }

    /// Gives up ownership without closing the descriptor.
    public consuming func release() { discard self }

    /// Opens a path with the given flags, `O_CLOEXEC` and `O_NOCTTY`.
    public init(
        opening path: String,
        _ flags: Int32,
        mode: UInt32 = 0,
        _ operation: String,
    ) throws(SystemError) {
        try SystemError.checkPath(operation, path)
        self.init(
            adopting: try SystemError.check(operation, path) { unsafe open(path, flags | O_CLOEXEC | O_NOCTTY, mode) }
        )
    }

    /// Duplicates the descriptor; both descriptors refer to the same open file description and share its locks.
    public func duplicate(_ operation: String, _ subject: String) throws(SystemError) -> FileDescriptor {
        FileDescriptor(adopting: try SystemError.check(operation, subject) { fcntl(raw, F_DUPFD_CLOEXEC, 0) })
    }

    /// Reads up to `capacity` bytes; returns an empty array at the end of the file.
    ///
    /// - Throws: ``SystemError`` with code `EAGAIN` if a non-blocking descriptor has no data.
    public func read(_ operation: String, _ subject: String, capacity: Int) throws(SystemError) -> [UInt8] {
        var result = Result<Int, SystemError>.success(0)
        // Zeroing the buffer would take longer than reading a small file.
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
            result = Result { () throws(SystemError) in
                try SystemError.check(operation, subject) { unsafe Glibc.read(raw, buffer.baseAddress, buffer.count) }
            }
            count = (try? result.get()) ?? 0
        }
        _ = try result.get()
        return bytes
    }
}
