public import Base
import Glibc

extension FileSystem {
    /// Creates a directory and all missing directories above it.
    ///
    /// - Parameters:
    ///   - path: The directory, which may exist already.
    ///   - mode: The permissions of new directories, limited by the process's mask.
    /// - Throws: ``Base/SystemError`` that names the first directory that could not be created.
    public static func makeDirectories(_ path: String, mode: UInt32 = 0o755) throws(SystemError) {
        let operation = "cannot create directory"
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
        // Checked afterwards: another process may have created it, and on a read-only file system it may exist.
        guard let status = try FileStatus.at(path, followingLinks: true, operation) else {
            throw SystemError(operation, path, code: code)
        }
        if status.kind == .directory { return }
        throw SystemError(operation, path, code: ENOTDIR, detail: "is a \(status.kind.rawValue)")
    }

    /// Removes a file or link.
    ///
    /// - Parameter path: What to remove; a link is removed, not its target.
    /// - Returns: Whether something was removed.
    /// - Throws: ``Base/SystemError`` if it is a directory or the system refuses.
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
}
