public import Base
import Glibc

/// An output of this process for a service, which cannot inherit it and opens a path instead.
///
/// A terminal is opened by the service itself. Everything else, such as a file or a socket, is reached through a pipe,
/// whose content this process copies.
public final class OutputRelay: Sendable {
    /// The path that root can open for writing while this process runs.
    public let path: String

    private let descriptor: Int32
    private let output: HeldDescriptor?
    private let input: Locked<HeldDescriptor?>
    private let closedAt = Locked<ContinuousClock.Instant?>(nil)

    /// The time for which an output may accept nothing after the service has ended.
    private static let idleLimit = Duration.seconds(10)

    /// The largest number of bytes that a pipe which can be written to accepts without waiting; see pipe(7).
    private static let chunkSize = 4096

    /// Prepares the relay of an output.
    ///
    /// - Parameter descriptor: The output, such as 1.
    /// - Throws: ``Base/SystemError`` if there can be no more pipes.
    public init(of descriptor: Int32) throws(SystemError) {
        self.descriptor = descriptor
        guard !Terminal.isTerminal(descriptor) else {
            path = Self.path(of: descriptor)
            input = Locked(nil)
            output = nil
            return
        }
        let pipe = try Pipe("cannot copy to", "output \(descriptor)")
        let held = HeldDescriptor(try pipe.input.duplicate("cannot copy to", "output \(descriptor)"))
        path = Self.path(of: held.descriptor.raw)
        input = Locked(held)
        output = HeldDescriptor(pipe.takeOutput())
    }

    private static func path(of descriptor: Int32) -> String { "/proc/\(getpid())/fd/\(descriptor)" }

    /// Copies until all processes have closed the pipe, this process by calling ``close()``.
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
        guard let output else { return }
        let (operation, subject) = ("cannot copy to", "output \(descriptor)")
        var failure: SystemError?
        while true {
            var waits = [pollfd(reading: output.descriptor.raw)]
            guard try poll(&waits, until: .now + .seconds(3600)) else { continue }
            let bytes = try output.descriptor.read(operation, subject, capacity: 1 << 16)
            if bytes.isEmpty { break }
            // After an error the pipe is still read, so that the service does not wait for this process.
            guard failure == nil else { continue }
            do throws(SystemError) { try write(bytes) } catch { failure = error }
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

    /// Closes this process's end of the pipe, after the service has ended.
    public func close() {
        closedAt.withLock { $0 = .now }
        input.withLock { $0 = nil }
    }
}

/// A descriptor that can be kept in a variable.
private final class HeldDescriptor: Sendable {
    let descriptor: FileDescriptor

    init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }
}
