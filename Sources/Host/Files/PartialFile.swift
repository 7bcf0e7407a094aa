public import Base
import Glibc

/// A file of a state directory that arrives in parts, over several runs if need be.
///
/// Its name ends with `.part` until it is complete.
public final class PartialFile: Sendable {
    private let directory: DirectoryHandle
    private let name: String
    private let file: FileDescriptor

    private static let operation = "cannot write"

    /// Opens the file, or creates an empty one.
    ///
    /// - Parameters:
    ///   - name: The name of the complete file.
    ///   - directory: The path of the directory, without links; it is created if it does not exist.
    /// - Throws: ``Base/SystemError`` if the system refuses, or another user could change the directory.
    public init(_ name: String, in directory: String) throws(SystemError) {
        let opened = try DirectoryHandle(reaching: directory, isCreating: true, isOfService: true)
        file = try opened.openPart("\(name).part", Self.operation)
        self.directory = opened
        self.name = name
    }

    private var path: String { directory.full(name) }

    /// The number of bytes that have arrived.
    ///
    /// - Throws: ``Base/SystemError`` if the system refuses.
    public var size: Int {
        get throws(SystemError) { try FileStatus(descriptor: file.raw, Self.operation, path).size }
    }

    /// Appends bytes.
    ///
    /// - Throws: ``Base/SystemError`` if the system refuses.
    public func append(_ bytes: [UInt8]) throws(SystemError) {
        try writeAll(bytes, to: file.raw, Self.operation, path)
    }

    /// Removes all bytes.
    ///
    /// - Throws: ``Base/SystemError`` if the system refuses.
    public func clear() throws(SystemError) {
        try SystemError.check(Self.operation, path) { ftruncate(file.raw, 0) }
    }

    /// Reads all bytes in parts.
    ///
    /// - Parameter receive: A function that receives the parts in order.
    /// - Throws: ``Base/SystemError`` if the file cannot be read, or what `receive` throws.
    public func readParts(_ receive: ([UInt8]) throws(SystemError) -> Void) throws(SystemError) {
        try directory.readParts("\(name).part", receive)
    }

    /// Flushes the file to the disk, and gives it the name of the complete file.
    ///
    /// - Throws: ``Base/SystemError`` if the system refuses.
    public func complete() throws(SystemError) {
        try SystemError.check(Self.operation, path) { fsync(file.raw) }
        try directory.rename("\(name).part", to: name, Self.operation)
    }
}

extension DirectoryHandle {
    /// Opens a file to append to it, or creates it; a link is refused.
    fileprivate func openPart(_ name: String, _ operation: String) throws(SystemError) -> FileDescriptor {
        let flags = O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK
        let raw = try SystemError.check(operation, full(name)) { unsafe openat(descriptor.raw, name, flags, 0o644) }
        let file = FileDescriptor(adopting: raw)
        let status = try FileStatus(descriptor: file.raw, operation, full(name))
        guard status.kind == .regular else {
            throw SystemError(operation, full(name), code: EINVAL, detail: "is a \(status.kind.rawValue)")
        }
        return file
    }
}
