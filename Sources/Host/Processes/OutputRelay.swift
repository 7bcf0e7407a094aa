public import Base
import CShims
import Glibc

/// An output of this process for a service, which cannot inherit it and opens a path instead.
///
/// A terminal is opened by the service itself. Everything else, such as a pipe or a socket, is reached through a file to
/// which the service appends, and whose content this process copies. The service does not depend on this process: the
/// path can be opened and written to after this process has been killed.
public final class OutputRelay: Sendable {
    /// The path that root can open for writing.
    public let path: String

    private let descriptor: Int32
    /// The file that is copied, `nil` for a terminal.
    private let file: HeldDescriptor?
    private let closedAt = Locked<ContinuousClock.Instant?>(nil)

    /// The pause between two looks at the file.
    private static let pause = Duration.milliseconds(50)

    /// The time for which an output may accept nothing after the service has ended.
    private static let idleLimit = Duration.seconds(10)

    /// The largest number of bytes that a pipe which can be written to accepts without waiting; see pipe(7).
    private static let chunkSize = 4096

    /// Prepares the relay of an output.
    ///
    /// - Parameters:
    ///   - descriptor: The output, such as 1.
    ///   - path: The file for an output that is not a terminal; it is created.
    /// - Throws: ``Base/SystemError`` if the file cannot be created.
    public init(of descriptor: Int32, through path: String) throws(SystemError) {
        self.descriptor = descriptor
        if let terminal = Terminal.path(descriptor) {
            (self.path, file) = (terminal, nil)
            return
        }
        self.path = path
        file = HeldDescriptor(
            try FileDescriptor(opening: path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600, "cannot create")
        )
    }

    /// Copies until ``close()`` is called and everything is copied.
    ///
    /// - Returns: The first error of the output; a reader that has gone away is no error.
    public func copy() async -> SystemError? {
        await onThread { [self] in
            do throws(SystemError) {
                try copyAll()
                return nil
            } catch {
                return error.code == EPIPE ? nil : error
            }
        }
    }

    private func copyAll() throws(SystemError) {
        guard let file else { return }
        var failure: SystemError?
        var copied: Int64 = 0
        while true {
            let isClosed = closedAt.withLock { $0 != nil }
            let bytes = try file.descriptor.read("cannot read", path, capacity: 1 << 16)
            if !bytes.isEmpty {
                // After an error the file is still read, so that it does not grow.
                if failure == nil { do throws(SystemError) { try write(bytes) } catch { failure = error } }
                copied += Int64(bytes.count)
                nest_host_discard(file.descriptor.raw, copied)
            } else if isClosed {
                break
            } else {
                usleep(UInt32(Self.pause.microseconds))
            }
        }
        if let failure { throw failure }
    }

    /// Writes bytes, and gives up if nobody reads them after the service has ended.
    private func write(_ bytes: [UInt8]) throws(SystemError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            var waits = [pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)]
            if try poll(&waits, until: .now + .seconds(1)) {
                try writeAll(Array(rest.prefix(Self.chunkSize)), to: descriptor)
                rest = rest.dropFirst(Self.chunkSize)
            } else if let closed = closedAt.withLock({ $0 }), .now - closed > Self.idleLimit {
                let detail = "it was not read for \(Self.idleLimit.humanReadable); the rest of the output is lost"
                throw SystemError("cannot write to", "output \(descriptor)", code: ETIMEDOUT, detail: detail)
            }
        }
    }

    /// Ends the copy, after the service has ended, and removes the file.
    public func close() {
        closedAt.withLock { $0 = .now }
        if file != nil { unsafe unlink(path) }
    }
}

/// A descriptor that can be kept in a variable.
private final class HeldDescriptor: Sendable {
    let descriptor: FileDescriptor

    init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }
}
