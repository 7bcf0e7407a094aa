public import Base
import Glibc

/// One open directory, whose entries can be changed even if its path changes meanwhile.
public struct DirectoryHandle: ~Copyable {
    let descriptor: FileDescriptor
    let path: String

    init(adopting descriptor: consuming FileDescriptor, _ path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    init(opening path: String, _ operation: String) throws(SystemError) {
        self.descriptor = try FileDescriptor(opening: path, O_RDONLY | O_DIRECTORY, operation)
        self.path = path
    }

    /// Creates a symbolic link.
    func makeLink(_ name: String, to target: String, _ operation: String) throws(SystemError) {
        try SystemError.check(operation, full(name)) { unsafe symlinkat(target, descriptor.raw, name) }
    }

    /// Renames an entry, replacing what has the new name.
    func rename(_ name: String, to other: String, _ operation: String) throws(SystemError) {
        try SystemError.check(operation, full(other)) {
            unsafe renameat(descriptor.raw, name, descriptor.raw, other)
        }
    }

    /// Removes an entry, if it exists and the system lets it.
    func discard(_ name: String) {
        unsafe unlinkat(descriptor.raw, name, 0)
    }

    /// Removes an entry that is not a directory, if it exists.
    ///
    /// - Throws: ``Base/SystemError`` if the system refuses.
    public func remove(_ name: String) throws(SystemError) {
        do throws(SystemError) {
            try SystemError.check("cannot remove", full(name)) { unsafe unlinkat(descriptor.raw, name, 0) }
        } catch {
            if !error.isNotFound { throw error }
        }
    }

    /// Removes a directory in this one.
    ///
    /// - Throws: ``Base/SystemError`` with the code `ENOTEMPTY` if something is in it, or if the system refuses.
    public func removeDirectory(_ name: String) throws(SystemError) {
        try SystemError.check("cannot remove", full(name)) { unsafe unlinkat(descriptor.raw, name, AT_REMOVEDIR) }
    }

    /// Waits until the names are on the disk.
    func synchronize(_ operation: String) throws(SystemError) {
        do throws(SystemError) {
            try SystemError.check(operation, path) { fsync(descriptor.raw) }
        } catch {
            // Some file systems always synchronise directories, and refuse with this code.
            if error.code != EINVAL { throw error }
        }
    }

    func full(_ name: String) -> String {
        path.endsWithSlash ? path + name : "\(path)/\(name)"
    }
}

/// A path cut at its last slash.
public struct PathParts: Sendable {
    /// The directory, `.` if the path names none.
    public var directory: String

    /// The last component.
    public var name: String

    /// Cuts a path that must name something inside a directory.
    ///
    /// - Parameters:
    ///   - path: The path.
    ///   - operation: What is attempted with it, for messages.
    /// - Throws: ``Base/SystemError`` if it is not such a path.
    public init(_ path: String, _ operation: String) throws(SystemError) {
        try SystemError.checkPath(operation, path)
        let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
        name = slash.map { String(path[path.utf8.index(after: $0)...]) } ?? path
        directory = slash.map { String(path[..<$0]) } ?? "."
        if directory.isEmpty { directory = "/" }
        if ["", ".", ".."].contains(name) {
            throw SystemError(operation, path, code: EISDIR, detail: "is the path of a directory")
        }
    }
}
