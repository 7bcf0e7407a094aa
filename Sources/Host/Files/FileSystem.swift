public import Base
import CShims
import Glibc

public enum FileSystem {
    /// Reads the status of a path without following a link; returns `nil` if nothing exists there.
    public static func status(_ path: String) throws(SystemError) -> FileStatus? {
        try FileStatus.at(path, followingLinks: false, "cannot look at")
    }

    /// Returns whether something exists at a path, following links; returns `false` for a dangling link.
    public static func exists(_ path: String) throws(SystemError) -> Bool {
        try FileStatus.at(path, followingLinks: true, "cannot look at") != nil
    }

    /// Opens a file to read, for ``Command/files``; an attempt to start the program closes the descriptor.
    public static func openForChild(_ path: String) throws(SystemError) -> CInt {
        let file = try FileDescriptor(opening: path, O_RDONLY | O_NOCTTY, "cannot read")
        let raw = file.raw
        file.release()
        return raw
    }

    /// Resolves all links in a path; the path must exist.
    public static func realPath(_ path: String) throws(SystemError) -> String {
        let operation = "cannot look at"
        try SystemError.checkPath(operation, path)
        guard let real = unsafe realpath(path, nil) else { throw SystemError(operation, path, code: errno) }
        defer { unsafe free(real) }
        return unsafe String(cString: real)
    }

    /// Resolves all links in the longest leading part of an absolute path that can be resolved.
    public static func existingRealPath(_ path: String) -> String {
        var existing = path[...]
        while !existing.isEmpty {
            if let real = try? realPath(String(existing)) { return real + path[existing.endIndex...] }
            existing = existing[..<(existing.lastSlash ?? existing.startIndex)]
        }
        return path
    }

    /// Lists the names in a directory, sorted by their bytes, without `.` and `..`; links are followed.
    ///
    /// - Throws: ``Base/SystemError`` if the path is not a readable directory, or has more names than the limit.
    public static func list(_ directory: String, limit: Int = 100_000) throws(SystemError) -> [String] {
        let operation = "cannot list"
        let opened = try FileDescriptor(opening: directory, O_RDONLY | O_DIRECTORY | O_NONBLOCK, operation)
        return try names(in: opened, operation, directory, limit: limit)
    }

    /// Returns whether every user can read a file, following links.
    ///
    /// A path that does not exist or cannot be examined counts as readable.
    public static func isReadableByAll(_ path: String) -> Bool {
        guard let real = try? realPath(path), let found = try? status(real) else { return true }
        return isReachableByAll(real) && found.mode & 0o004 != 0
    }

    /// Creates a directory and all missing directories above it, with mode 0755.
    ///
    /// Root follows links only as ``directoryForWriting(_:_:)`` allows.
    public static func makeDirectories(_ path: String) throws(SystemError) {
        _ = try DirectoryHandle(creatingForWriting: path, makingDirectory)
    }

    /// Checks that no file or dangling link prevents ``makeDirectories(_:)`` from creating the directory of a file.
    public static func checkDirectories(above path: String) throws(SystemError) {
        var path = try PathParts(path, makingDirectory).directory
        while true {
            if let found = try FileStatus.at(path, followingLinks: true, makingDirectory) {
                if found.kind == .directory { return }
                throw SystemError(
                    makingDirectory,
                    path,
                    code: ENOTDIR,
                    detail: "is a \(found.kind.rawValue)",
                    advice: adviceInTheWay(found.kind)
                )
            }
            if let link = try FileStatus.at(path, followingLinks: false, makingDirectory)?.target {
                let detail = "is a link to '\(link)', which does not exist; create that directory, or remove the link"
                throw SystemError(makingDirectory, path, code: ENOTDIR, detail: detail)
            }
            guard let slash = path.lastSlash, slash > path.startIndex else { return }
            path = String(path[..<slash])
        }
    }

    static let makingDirectory = "cannot create directory"

    /// Removes a file or link, and returns whether something was removed; a link is not followed.
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

    /// Writes a file atomically, and creates missing directories.
    ///
    /// The bytes are written to a new file in the same directory, which is then renamed. If an error occurs before
    /// that, an existing file is unchanged. A link is replaced, not followed. The umask does not affect the mode.
    ///
    /// Without `isSynced`, the file may be lost in a power failure.
    ///
    /// - Throws: ``Base/SystemError`` if the path is a directory, device, FIFO or socket, or cannot be written.
    public static func write(
        _ bytes: [UInt8],
        to path: String,
        mode: UInt32,
        isSynced: Bool = true,
    ) throws(SystemError) {
        try writeTogether([FileContent(bytes, path: path, mode: mode)], isSynced: isSynced)
    }

    /// Writes several files that belong together, such as a certificate and its key.
    ///
    /// All files are written, and flushed to the disk if `isSynced` is set, before the first one is renamed. If an
    /// error occurs before that, no existing file is changed.
    public static func writeTogether(_ files: [FileContent], isSynced: Bool = true) throws(SystemError) {
        let files = try files.map { file throws(SystemError) in try NewFile(file, isSynced: isSynced) }
        for file in files { try file.rename() }
        if isSynced { for file in files { try file.synchronizeDirectory() } }
    }

    /// Creates a symbolic link, and missing directories above it.
    ///
    /// If `replacing` is set, anything at the path except a directory is replaced atomically, and `isSynced` flushes
    /// the link to the disk. The target is written as given and need not exist.
    public static func makeSymbolicLink(
        at path: String,
        to target: String,
        replacing: Bool,
        isSynced: Bool = true,
    ) throws(SystemError) {
        let operation = "cannot create link"
        let parts = try PathParts(path, operation)
        if let fault = target.cStringFault {
            throw SystemError(operation, path, code: EINVAL, detail: "its target \(fault)")
        }
        let directory = try DirectoryHandle(creatingForWriting: parts.directory, operation)
        let found = try directory.status(parts.name, operation)
        if let found, !replacing || found.kind == .directory { throw inTheWay(operation, path, found) }
        // A renamed link would replace a file that another process has created after the check.
        if !replacing { return try directory.makeLink(parts.name, to: target, operation) }
        let temporary = parts.temporaryName
        do throws(SystemError) {
            try directory.removeRemains(temporary)
            try directory.makeLink(temporary, to: target, operation)
            try directory.rename(temporary, to: parts.name, operation)
        } catch {
            directory.discard(temporary)
            // The message names the path of the caller, not the temporary path.
            throw SystemError(operation, path, code: error.code, detail: error.detail, advice: error.advice)
        }
        if isSynced { try directory.synchronize(operation) }
    }

    /// Returns the advice for a file of the given kind that is in the way of a new file, link or directory.
    ///
    /// A device, a socket or a FIFO belongs to a driver or a service, so the advice is never to remove it.
    private static func adviceInTheWay(_ kind: FileStatus.Kind) -> String {
        let isOwn = [.regular, .directory, .symbolicLink].contains(kind)
        return isOwn ? "remove it, or write another path" : "write another path"
    }

    /// Creates the error for a file with the given status that is in the way of a new file, link or directory.
    public static func inTheWay(_ operation: String, _ path: String, _ status: FileStatus) -> SystemError {
        let code = status.kind == .directory ? EISDIR : EEXIST
        let detail = "a \(status.kind.rawValue) is in the way"
        return SystemError(operation, path, code: code, detail: detail, advice: adviceInTheWay(status.kind))
    }

    /// Removes a directory and everything in it, without following links; a mount point is refused.
    ///
    /// - Throws: ``Base/SystemError`` that names the path that could not be removed. Removed entries are not restored.
    public static func removeTree(_ path: String) throws(SystemError) {
        let operation = "cannot remove"
        let parts = try PathParts(path, operation)
        try DirectoryHandle(opening: parts.directory, operation).removeTree(parts.name)
    }

    /// Returns the first mount point at or below a directory, or `nil` if there is none.
    static func mountPoint(atOrBelow directory: String) throws(SystemError) -> String? {
        try Mount.all().first { isPath($0.path, at: directory) }?.path
    }
}

extension DirectoryHandle {
    /// Refuses a subdirectory that is a mount point or contains one.
    ///
    /// A bind mount has the same device as its source, so a comparison of devices does not detect it.
    func requireNoMount(in name: String, _ operation: String) throws(SystemError) {
        let real = try FileSystem.realPath("/proc/self/fd/\(descriptor.raw)")
        let mounted = try FileSystem.mountPoint(atOrBelow: real == "/" ? "/\(name)" : "\(real)/\(name)")
        if let mounted { throw Self.mounted(at: mounted, operation) }
    }

    private static func mounted(at path: String, _ operation: String) -> SystemError {
        let advice = "run \(quotedShellLine(["umount", path])) first"
        return SystemError(operation, path, code: EBUSY, detail: "a file system is mounted there", advice: advice)
    }

    /// Removes a subdirectory as ``FileSystem/removeTree(_:)`` does.
    public func removeTree(_ name: String) throws(SystemError) {
        // Mounts are checked before anything is removed. Since Linux 5.6, the kernel checks again at each directory.
        try requireNoMount(in: name, "cannot remove")
        try empty(name)
        try removeDirectory(name)
    }

    /// The maximum depth of a directory tree to remove; each level uses a file descriptor.
    private static let depthLimit = 100

    private func empty(_ name: String, depth: Int = 0) throws(SystemError) {
        let (operation, path) = ("cannot remove", full(name))
        guard depth < Self.depthLimit else {
            throw SystemError(operation, path, code: EFBIG, detail: "is deeper than \(Self.depthLimit) directories")
        }
        let raw = unsafe nest_host_open_directory_here(descriptor.raw, name)
        let code = errno
        guard raw >= 0 else {
            throw code == EXDEV ? Self.mounted(at: path, operation) : SystemError(operation, path, code: code)
        }
        let directory = DirectoryHandle(adopting: FileDescriptor(adopting: raw), path)
        for entry in try directory.names(operation, limit: 1_000_000) {
            if unsafe unlinkat(directory.descriptor.raw, entry, 0) == 0 { continue }
            let code = errno
            guard code == EISDIR else { throw SystemError(operation, directory.full(entry), code: code) }
            try directory.empty(entry, depth: depth + 1)
            try directory.removeDirectory(entry)
        }
    }
}

extension FileSystem {
    /// Reads a regular file of any size in parts, following links.
    public static func readParts(
        _ path: String,
        _ receive: ([UInt8]) throws(SystemError) -> Void
    ) throws(SystemError) {
        try Base.readParts(try FileDescriptor(opening: path, O_RDONLY | O_NONBLOCK, "cannot read"), path, receive)
    }
}
