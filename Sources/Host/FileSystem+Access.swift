import Base
import Glibc

extension FileSystem {
    /// Whether every user can read a file, or list a directory and read some of the files in it.
    ///
    /// - Parameters:
    ///   - path: The path, whose links are followed.
    ///   - isRead: Whether a file of the directory is read, by its name.
    /// - Returns: Whether that is so; for what does not exist, or cannot be examined, it is.
    public static func isReadableByAll(_ path: String, isRead: (String) -> Bool) -> Bool {
        guard let real = try? realPath(path), let found = try? status(real) else { return true }
        guard isReachableByAll(real) else { return false }
        guard found.kind == .directory else { return found.mode & 0o004 != 0 }
        guard found.mode & 0o005 == 0o005 else { return false }
        return ((try? list(real)) ?? []).filter(isRead).allSatisfy { name in
            isReadableByAll("\(real)/\(name)") { _ in false }
        }
    }
}

extension SystemError {
    /// Adds to an error of a unit that does not run as root which user may not read the path, and what to type.
    ///
    /// - Parameter path: The file or directory.
    /// - Returns: The error; as it is if it has another reason, or is not of such a unit.
    func advisingUnit(_ path: String) -> SystemError {
        // systemd sets the name for the user of the unit.
        guard code == EACCES, Machine.isUnit, !Machine.isRoot, let user = Machine.environment()["USER"] else {
            return self
        }
        var walk = PathWalk(path, operation)
        var closed = path
        while let step = (try? walk.next()) ?? nil {
            guard step.status.kind != .symbolicLink else { continue }
            closed = step.path
            let needed = step.status.kind == .directory ? X_OK : R_OK
            if unsafe faccessat(AT_FDCWD, step.path, needed, AT_EACCESS) != 0 { break }
        }
        var error = self
        error.detail = "its unit runs as user '\(user)', who may not read it"
        error.advice = "run \(quotedShellLine([["chgrp", user, closed], ["chmod", "g+rX", closed]]))"
        return error
    }
}
