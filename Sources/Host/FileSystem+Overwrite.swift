public import Base
import Glibc

extension FileSystem {
    /// Writes bytes over the beginning of a file that has at least as many, which takes no new space on the disk.
    ///
    /// A reader may see half of the old bytes and half of the new ones: for a disk that is too full for
    /// ``write(_:to:mode:owner:group:isSynced:)``.
    ///
    /// - Parameters:
    ///   - bytes: What is written.
    ///   - path: A regular file, not a link.
    /// - Throws: ``Base/SystemError`` if the file is shorter than that, or the system refuses.
    public static func overwrite(_ bytes: [UInt8], at path: String) throws(SystemError) {
        let operation = "cannot write"
        let file = try FileDescriptor(opening: path, O_WRONLY | O_NOFOLLOW, operation)
        guard try FileStatus(descriptor: file.raw, operation, path).size >= bytes.count else {
            throw SystemError(operation, path, code: ENOSPC)
        }
        try writeAll(bytes, to: file.raw, operation, path)
    }
}
