public import Base
import Glibc

/// The size of a terminal in characters; the defaults apply if a terminal does not report its size.
public struct TerminalSize: Sendable, Hashable {
    public var columns: Int

    public var rows: Int

    public init(columns: Int = 80, rows: Int = 24) {
        (self.columns, self.rows) = (columns, rows)
    }
}

public enum Terminal {
    public static func isTerminal(_ descriptor: Int32) -> Bool {
        isatty(descriptor) == 1
    }

    /// Returns whether this process may use the terminal; `false` only while a shell runs it in the background.
    public static func isForeground(_ descriptor: Int32) -> Bool {
        let group = tcgetpgrp(descriptor)
        return group == -1 || group == getpgrp()
    }

    /// Returns the size of a terminal, or `nil` if the descriptor is not a terminal or the width is not known.
    public static func size(_ descriptor: Int32) -> TerminalSize? {
        var size = winsize()
        let code = unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size)
        guard code == 0, size.ws_col > 0 else { return nil }
        let rows = size.ws_row > 0 ? Int(size.ws_row) : TerminalSize().rows
        return TerminalSize(columns: Int(size.ws_col), rows: rows)
    }
}

/// Writes all bytes to an output; the timeout limits each wait for a full non-blocking output.
///
/// Errors have the caller's operation and subject. The process must ignore `SIGPIPE`; see
/// ``Signals/ignoreBrokenPipe()``.
///
/// - Throws: ``Base/SystemError`` with the code `EPIPE` if the reader has closed the output, or `ETIMEDOUT` if the
///   output stayed full.
public func writeAll(
    _ bytes: [UInt8],
    to descriptor: Int32,
    timeout: Duration = .seconds(30),
    _ operation: String,
    _ subject: String,
) throws(SystemError) {
    var rest = bytes[...]
    while !rest.isEmpty {
        do throws(SystemError) {
            let count = try SystemError.check(operation, subject) {
                unsafe rest.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
            }
            rest = rest.dropFirst(count)
        } catch {
            guard error.code == EAGAIN else { throw error }
            var waits = [pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)]
            if try poll(&waits, until: .now + timeout) { continue }
            throw SystemError(operation, subject, code: ETIMEDOUT, detail: "nobody reads it")
        }
    }
}

public enum StandardStreams {
    /// Opens `/dev/null` for each standard stream that is closed.
    ///
    /// Called at the start of `main`, so that no other file gets the stream's number and receives its output.
    public static func open() {
        for descriptor in Int32(0)...2 where fcntl(descriptor, F_GETFD) == -1 {
            // The kernel chooses the lowest free number, which is this one.
            _ = unsafe Glibc.open("/dev/null", descriptor == 0 ? O_RDONLY : O_WRONLY)
        }
    }

    /// Returns whether two descriptors refer to the same file, pipe or terminal.
    public static func areSame(_ first: Int32, _ second: Int32) -> Bool {
        let files = [first, second].map { (try? FileStatus(descriptor: $0, "cannot look at", "output"))?.identity }
        return files[0] != nil && files[0] == files[1]
    }
}
