public import Base
import Glibc

/// A file that is to be written.
public struct FileContent: Sendable {
    /// The whole content.
    public var bytes: [UInt8]
    /// The path of the file.
    public var path: String
    /// Its permissions, regardless of the process's mask.
    public var mode: UInt32
    /// Its owner, `nil` for the process's user.
    public var owner: UInt32?
    /// Its group, `nil` for the process's group.
    public var group: UInt32?

    /// Creates a description of a file.
    public init(_ bytes: [UInt8], path: String, mode: UInt32, owner: UInt32? = nil, group: UInt32? = nil) {
        (self.bytes, self.path, self.mode) = (bytes, path, mode)
        (self.owner, self.group) = (owner, group)
    }
}

extension FileSystem {
    /// Replaces several files that belong together, such as a certificate and its key.
    ///
    /// Each is replaced as by ``write(_:to:mode:owner:group:isSynced:)``. All of them are on the disk before the first is
    /// renamed, so that the files differ only for the time between the renames. If one cannot be prepared, none is changed.
    ///
    /// - Parameter files: The files.
    /// - Throws: ``Base/SystemError`` with the first path that could not be written.
    public static func writeTogether(_ files: [FileContent]) throws(SystemError) {
        if files.count == 1 {
            return try write(files[0], to: files[0].path)
        }
        var temporary: [(path: String, file: FileContent)] = []
        defer { for (path, _) in temporary { unsafe unlink(path) } }
        let operation = "cannot write"
        for file in files {
            let parts = try PathParts(file.path, operation)
            if let status = try status(file.path), status.kind != .regular, status.kind != .symbolicLink {
                throw inTheWay(operation, file.path, status)
            }
            let path = "\(parts.directory)/\(parts.temporaryName())"
            temporary.append((path, file))
            do throws(SystemError) {
                try write(file, to: path)
            } catch {
                throw SystemError(operation, file.path, code: error.code, detail: error.detail)
            }
        }
        for (path, file) in temporary {
            try SystemError.check(operation, file.path) { unsafe rename(path, file.path) }
        }
        for file in files {
            let parts = try PathParts(file.path, operation)
            try DirectoryHandle(opening: parts.directory, operation).synchronize(operation)
        }
    }
    private static func write(_ file: FileContent, to path: String) throws(SystemError) {
        try write(file.bytes, to: path, mode: file.mode, owner: file.owner, group: file.group)
    }
}
