public import Base
import Glibc

extension FileSystem {
    /// Replaces a file atomically.
    ///
    /// The bytes are written to a new file in the same directory, which has its owner and permissions before its first
    /// byte and is renamed when it is on the disk. A symbolic link at the path is replaced, not followed. Missing
    /// directories are created. After an error the old file is unchanged and the new one is removed.
    ///
    /// - Parameters:
    ///   - bytes: The whole content.
    ///   - path: The path of the file.
    ///   - mode: Its permissions, regardless of the process's mask.
    ///   - owner: Its owner, by default the process's user.
    ///   - group: Its group, by default the process's group.
    ///   - isSynced: Whether it is flushed to the disk before it is renamed. Files that are recreated at each boot need
    ///     not be.
    /// - Throws: ``Base/SystemError`` if the path is a directory, device, FIFO or socket, or the system refuses.
    public static func write(
        _ bytes: [UInt8],
        to path: String,
        mode: UInt32,
        owner: UInt32? = nil,
        group: UInt32? = nil,
        isSynced: Bool = true,
    ) throws(SystemError) {
        let content = FileContent(bytes, path: path, mode: mode, owner: owner, group: group)
        let file = try NewFile(content, isSynced: isSynced)
        try file.rename()
        if isSynced { try file.synchronizeDirectory() }
    }

    /// Replaces several files that belong together, such as a certificate and its key.
    ///
    /// Each is replaced as by ``write(_:to:mode:owner:group:isSynced:)``. All of them are on the disk before the first is
    /// renamed, so that the files differ only for the time between the renames. If one cannot be written, none is changed.
    ///
    /// - Parameter files: The files.
    /// - Throws: ``Base/SystemError`` with the first path that could not be written.
    public static func writeTogether(_ files: [FileContent]) throws(SystemError) {
        let files = try files.map { file throws(SystemError) in try NewFile(file, isSynced: true) }
        for file in files { try file.rename() }
        for file in files { try file.synchronizeDirectory() }
    }

    /// Creates a symbolic link.
    ///
    /// An existing file or link is replaced atomically; a directory is moved aside first. Missing directories are
    /// created. The target is written as given and need not exist.
    ///
    /// - Parameters:
    ///   - path: The path of the link.
    ///   - target: Its target.
    ///   - replacing: Whether an existing file, link or directory is replaced. A directory is removed with its contents.
    ///   - isSynced: Whether a link that replaces another is flushed to the disk.
    /// - Throws: ``Base/SystemError`` if something exists that may not be replaced, or the system refuses.
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
        if let status = try directory.status(parts.name, operation) {
            guard replacing else { throw inTheWay(operation, path, status) }
            if status.kind == .directory { return try replaceDirectory(parts, in: directory, linkingTo: target) }
        } else if !replacing {
            // Not by renaming, which would replace what another process has created meanwhile.
            try directory.makeLink(parts.name, to: target, operation)
            return
        }
        do throws(SystemError) {
            try replace(parts, in: directory, linkingTo: target, isSynced: isSynced)
        } catch {
            // The message names the path of the caller, not the temporary one.
            throw SystemError(operation, path, code: error.code, detail: error.detail)
        }
    }

    /// Replaces a directory by a link; the directory is moved aside, and removed once the link exists.
    private static func replaceDirectory(
        _ parts: PathParts,
        in directory: borrowing DirectoryHandle,
        linkingTo target: String,
    ) throws(SystemError) {
        let operation = "cannot create link"
        // A file system that is mounted below would be left beside the link.
        try directory.requireNoMount(in: parts.name, operation)
        let aside = parts.temporaryName()
        try directory.rename(parts.name, to: aside, operation)
        do throws(SystemError) {
            try directory.makeLink(parts.name, to: target, operation)
        } catch {
            try? directory.rename(aside, to: parts.name, operation)
            throw error
        }
        try directory.removeTree(aside)
    }

    /// Replaces a file or link by a link.
    private static func replace(
        _ parts: PathParts,
        in directory: borrowing DirectoryHandle,
        linkingTo target: String,
        isSynced: Bool,
    ) throws(SystemError) {
        let operation = "cannot create link"
        let temporary = parts.temporaryName()
        do throws(SystemError) {
            try directory.makeLink(temporary, to: target, operation)
            try directory.rename(temporary, to: parts.name, operation)
        } catch {
            directory.discard(temporary)
            throw error
        }
        if isSynced { try directory.synchronize(operation) }
    }

    static func inTheWay(_ operation: String, _ path: String, _ status: FileStatus) -> SystemError {
        let code = status.kind == .directory ? EISDIR : EEXIST
        return SystemError(operation, path, code: code, detail: "a \(status.kind.rawValue) is in the way")
    }
}
