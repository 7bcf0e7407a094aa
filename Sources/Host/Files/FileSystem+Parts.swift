public import Base
import Glibc

/// Files that are not read as a whole.
extension FileSystem {
    /// Reads a regular file of any size in parts, following links.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - receive: A function that receives the parts in order.
    /// - Throws: ``Base/SystemError`` if the file does not exist or cannot be read, or what `receive` throws.
    public static func readParts(
        _ path: String,
        _ receive: ([UInt8]) throws(SystemError) -> Void
    ) throws(SystemError) {
        try Base.readParts(try FileDescriptor(opening: path, O_RDONLY | O_NONBLOCK, "cannot read"), path, receive)
    }

    /// Refuses a path that is not a regular file or cannot be opened, following links.
    ///
    /// - Parameter path: The file.
    /// - Throws: ``Base/SystemError`` if the file does not exist, cannot be read or is not a regular file.
    public static func requireReadable(_ path: String) throws(SystemError) {
        let operation = "cannot read"
        guard let status = try FileStatus.at(path, followingLinks: true, operation) else {
            throw SystemError(operation, path, code: ENOENT)
        }
        guard status.kind == .regular else {
            let code = status.kind == .directory ? EISDIR : EINVAL
            throw SystemError(operation, path, code: code, detail: "is a \(status.kind.rawValue)")
        }
        _ = try FileDescriptor(opening: path, O_RDONLY | O_NONBLOCK, operation)
    }
}
