public import Base
import CShims
import Glibc

/// Operations on files and directories, all of them with limits.
public enum FileSystem {
    /// Reads a regular file, following links; see ``Base/readFile(_:limit:)``.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - limit: The maximum number of bytes.
    /// - Returns: All bytes of the file.
    /// - Throws: ``Base/SystemError`` if the file does not exist, cannot be read, is not a regular file or is too large.
    public static func read(_ path: String, limit: Int) throws(SystemError) -> [UInt8] {
        do throws(SystemError) {
            return try readFile(path, limit: limit)
        } catch {
            throw error.advisingUnit(path)
        }
    }

    /// Reads the status of a path, without following a link.
    ///
    /// - Parameter path: The path.
    /// - Returns: The status, or `nil` if nothing exists at the path.
    /// - Throws: ``Base/SystemError`` if a directory on the way may not be searched.
    public static func status(_ path: String) throws(SystemError) -> FileStatus? {
        try FileStatus.at(path, followingLinks: false, "cannot look at")
    }

    /// Returns whether something exists at a path, following links.
    ///
    /// - Parameter path: The path.
    /// - Returns: Whether it exists; a dangling link does not.
    /// - Throws: ``Base/SystemError`` if a directory on the way may not be searched.
    public static func exists(_ path: String) throws(SystemError) -> Bool {
        try FileStatus.at(path, followingLinks: true, "cannot look at") != nil
    }

    /// Returns whether what is written to a path is in memory only, not on a disk.
    ///
    /// The corresponding C function is `statfs`.
    ///
    /// - Parameter path: An absolute path; what does not exist is as the directory above it.
    /// - Returns: Whether the file system is one of memory.
    /// - Throws: ``Base/SystemError`` if a directory on the way may not be searched.
    public static func isInMemory(_ path: String) throws(SystemError) -> Bool {
        var existing = path
        while existing.count > 1, try !exists(existing) {
            existing = String(existing[..<(existing.lastSlash ?? existing.startIndex)])
            if existing.isEmpty { existing = "/" }
        }
        return try SystemError.check("cannot look at", existing) { unsafe nest_host_is_in_memory(existing) } == 1
    }

    /// Resolves all links of a path.
    ///
    /// - Parameter path: A path that exists.
    /// - Returns: The absolute path without links.
    /// - Throws: ``Base/SystemError`` if nothing exists at the path, or a directory on the way may not be searched.
    public static func realPath(_ path: String) throws(SystemError) -> String {
        let operation = "cannot look at"
        try SystemError.checkPath(operation, path)
        guard let real = unsafe realpath(path, nil) else { throw SystemError(operation, path, code: errno) }
        defer { unsafe free(real) }
        return unsafe String(cString: real)
    }

    /// Resolves all links in the part of a path that exists.
    ///
    /// - Parameter path: An absolute path.
    /// - Returns: The path without links; what does not exist stays as it is.
    public static func existingRealPath(_ path: String) -> String {
        var existing = path[...]
        while !existing.isEmpty {
            if let real = try? realPath(String(existing)) { return real + path[existing.endIndex...] }
            existing = existing[..<(existing.lastSlash ?? existing.startIndex)]
        }
        return path
    }

    /// Returns whether a file can be executed, following links.
    ///
    /// - Parameter path: The file.
    /// - Returns: Whether it can be executed; `false` for a file on a file system that is mounted `noexec`.
    /// - Throws: ``Base/SystemError`` if there is no such file, or a directory on the way may not be searched.
    public static func isExecutable(_ path: String) throws(SystemError) -> Bool {
        let operation = "cannot look at"
        guard try FileStatus.at(path, followingLinks: true, operation) != nil else {
            throw SystemError(operation, path, code: ENOENT)
        }
        return unsafe faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0
    }

    /// Lists a directory.
    ///
    /// - Parameters:
    ///   - directory: The directory, or a link to one.
    ///   - limit: The maximum number of names.
    /// - Returns: The names in it, sorted by their bytes, without `.` and `..`.
    /// - Throws: ``Base/SystemError`` if it is not a directory, cannot be read or has too many names.
    public static func list(_ directory: String, limit: Int = 100_000) throws(SystemError) -> [String] {
        let operation = "cannot list"
        let opened: FileDescriptor
        do throws(SystemError) {
            opened = try FileDescriptor(opening: directory, O_RDONLY | O_DIRECTORY | O_NONBLOCK, operation)
        } catch {
            throw error.advisingUnit(directory)
        }
        let listing = try DirectoryListing(adopting: opened, operation, directory)
        let names = try listing.names(operation, directory, limit: limit)
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}
