import Glibc

extension FileSystem {
    /// Makes a directory and all that are missing on the way to it.
    ///
    /// - Parameters:
    ///   - path: The directory, which may exist already.
    ///   - mode: The permissions of new directories, less what the process's mask takes away.
    /// - Throws: ``SystemError`` that names the first directory which could not be made.
    public static func makeDirectories(_ path: String, mode: UInt32 = 0o755) throws(SystemError) {
        let operation = "cannot make directory"
        try SystemError.checkPath(operation, path)
        var end = path.utf8.startIndex
        repeat {
            let rest = path.utf8[end...].drop { $0 == UInt8(ascii: "/") }
            end = rest.firstIndex(of: UInt8(ascii: "/")) ?? path.utf8.endIndex
            try makeDirectory(String(path[..<end]), mode: mode, operation)
        } while end < path.utf8.endIndex
    }

    private static func makeDirectory(_ path: String, mode: UInt32, _ operation: String) throws(SystemError) {
        let made = unsafe mkdir(path, mode)
        let code = errno
        if made == 0 { return }
        // Asked only now: another process may have made it meanwhile, and on a read-only file system it may exist.
        guard let status = try status(path, followingLinks: true, operation) else {
            throw SystemError(operation, path, code: code)
        }
        if status.kind == .directory { return }
        throw SystemError(operation, path, code: ENOTDIR, detail: "is a \(status.kind.rawValue)")
    }

    /// Removes a file or link.
    ///
    /// - Parameter path: What to remove; a link is removed, not what it points at.
    /// - Returns: Whether there was anything to remove.
    /// - Throws: ``SystemError`` if a directory stands there or the system refuses.
    @discardableResult
    public static func remove(_ path: String) throws(SystemError) -> Bool {
        let operation = "cannot remove"
        try SystemError.checkPath(operation, path)
        do throws(SystemError) {
            try SystemError.check(operation, path) { unsafe unlink(path) }
            return true
        } catch {
            if error.isNotFound { return false }
            throw error
        }
    }

    /// Changes the permissions of a file or directory.
    ///
    /// - Parameters:
    ///   - path: The file; a link is refused, not followed.
    ///   - mode: The new permissions.
    /// - Throws: ``SystemError`` if the system refuses.
    public static func setMode(_ path: String, _ mode: UInt32) throws(SystemError) {
        let operation = "cannot change the mode of"
        try SystemError.checkPath(operation, path)
        try SystemError.check(operation, path) { unsafe fchmodat(AT_FDCWD, path, mode, AT_SYMLINK_NOFOLLOW) }
    }

    /// Changes the owner or group of a file, directory or link.
    ///
    /// - Parameters:
    ///   - path: The file; a link is changed itself.
    ///   - owner: The new owner, or `nil` to leave it.
    ///   - group: The new group, or `nil` to leave it.
    /// - Throws: ``SystemError`` if the system refuses.
    public static func setOwner(_ path: String, owner: UInt32?, group: UInt32?) throws(SystemError) {
        let operation = "cannot change the owner of"
        try SystemError.checkPath(operation, path)
        // All ones leave the number as it is.
        try SystemError.check(operation, path) { unsafe lchown(path, owner ?? .max, group ?? .max) }
    }
}
