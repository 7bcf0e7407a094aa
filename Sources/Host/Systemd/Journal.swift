public import Base
import CSystemd
import Glibc

public struct Journal: Sendable {
    /// Creates a client if the journal reads this process's standard error or output, otherwise returns `nil`.
    ///
    /// Programs whose output was redirected also inherit `JOURNAL_STREAM`, so the device and inode in this variable
    /// must match standard error or output.
    public init?() {
        self.init(environment: Machine.environment(), descriptors: [2, 1], socket: Self.socket)
    }

    /// Returns the journal of this machine, or `nil` if its socket does not exist.
    public static func ofThisMachine() -> Journal? {
        (try? FileSystem.exists(socket)) == true ? Journal(checked: ()) : nil
    }

    private static let socket = "/run/systemd/journal/socket"

    private init(checked: Void) {}

    /// Creates a client if one of the descriptors is the stream that the environment names, and the socket exists.
    ///
    /// Without the socket, libsystemd drops every entry and reports success.
    init?(environment: [String: String], descriptors: [CInt], socket: String) {
        guard (try? FileSystem.exists(socket)) == true, let stream = environment["JOURNAL_STREAM"] else { return nil }
        let isOurs = descriptors.contains { descriptor in
            let file = (try? FileStatus(descriptor: descriptor, "cannot look at", "output"))?.identity
            return file.map { "\($0.device):\($0.inode)" } == stream
        }
        if !isOurs { return nil }
    }

    /// Sends one entry, and blocks while the journal accepts none; a field name may be repeated.
    ///
    /// If the journal is not running, no error is thrown. The corresponding C function is `sd_journal_sendv`.
    public func send(_ fields: [(String, String)]) throws(SystemError) {
        let texts = fields.map { Array("\($0)=\($1)".utf8) }
        var bytes = Array(texts.joined())
        let code = unsafe bytes.withUnsafeMutableBytes { buffer in
            var start = buffer.baseAddress
            let parts = unsafe texts.map { text in
                defer { unsafe start = start?.advanced(by: text.count) }
                return unsafe iovec(iov_base: start, iov_len: text.count)
            }
            return unsafe sd_journal_sendv(parts, CInt(parts.count))
        }
        if code < 0 { throw SystemError("cannot send to", "journal", code: -code) }
    }
}

/// The log of the kernel, which is available before any other log.
public enum KernelLog {
    /// Writes a line, cut off if it is long, with the priority of a warning; the kernel escapes control characters.
    public static func write(_ line: String) throws(SystemError) {
        let (operation, path) = ("cannot write", "/dev/kmsg")
        let file = try FileDescriptor(opening: path, O_WRONLY | O_NONBLOCK, operation)
        // Each write is a record, and the kernel limits its size. The number in the prefix is LOG_DAEMON | LOG_WARNING.
        try writeAll(Array("<28>\(line)\n".utf8.prefix(900)), to: file.raw, operation, path)
    }
}
