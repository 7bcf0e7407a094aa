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
        try SystemError.checkPath(makingDirectory, path)
        for path in prefixes(path) where try missingDirectory(path) {
            guard unsafe mkdir(path, mode) != 0 else { continue }
            let code = errno
            // Checked afterwards: another process may have created it.
            if try missingDirectory(path) { throw SystemError(makingDirectory, path, code: code) }
        }
    }

    /// Checks whether ``makeDirectories(_:mode:)`` would find something else in its way.
    ///
    /// - Parameter path: The path of a file in the last directory.
    /// - Throws: ``Base/SystemError`` if something on the way is no directory, or the system refuses to look.
    public static func checkDirectories(above path: String) throws(SystemError) {
        for path in prefixes(try PathParts(path, makingDirectory).directory) where try missingDirectory(path) { return }
    }

    private static let makingDirectory = "cannot create directory"

    /// The paths of the directories above a path and its own, the first one first.
    private static func prefixes(_ path: String) -> [String] {
        var prefixes: [String] = []
        var end = path.utf8.startIndex
        repeat {
            let rest = path.utf8[end...].drop { $0 == UInt8(ascii: "/") }
            end = rest.firstIndex(of: UInt8(ascii: "/")) ?? path.utf8.endIndex
            prefixes.append(String(path[..<end]))
        } while end < path.utf8.endIndex
        return prefixes
    }

    /// Whether a directory is yet to be made.
    private static func missingDirectory(_ path: String) throws(SystemError) -> Bool {
        if let status = try FileStatus.at(path, followingLinks: true, makingDirectory) {
            if status.kind == .directory { return false }
            throw SystemError(makingDirectory, path, code: ENOTDIR, detail: "is a \(status.kind.rawValue)")
        }
        guard let link = try FileStatus.at(path, followingLinks: false, makingDirectory)?.target else { return true }
        throw SystemError(
            makingDirectory,
            path,
            code: ENOTDIR,
            detail: "is a link to '\(link)', which does not exist; create that directory, or remove the link"
        )
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
