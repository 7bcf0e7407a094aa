public import Base
import Glibc

/// The kernel's log, which exists before any other.
public enum KernelLog {
    /// Writes a line with the priority of a warning.
    ///
    /// - Parameter line: The line; the kernel escapes control characters.
    /// - Throws: ``Base/SystemError`` if this process may not write there.
    public static func write(_ line: String) throws(SystemError) {
        let (operation, path) = ("cannot write", "/dev/kmsg")
        let file = try FileDescriptor(opening: path, O_WRONLY | O_NONBLOCK, operation)
        // Each write is one record; the number is LOG_DAEMON | LOG_WARNING.
        let record = Array("<28>\(line)\n".utf8.prefix(recordLimit))
        try writeAll(record, to: file.raw, operation, path)
    }

    /// The kernel refuses longer records.
    private static let recordLimit = 900
}
