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
        let operation = "cannot write"
        let parts = try PathParts(path, operation)
        try makeDirectories(parts.directory)
        if let status = try FileStatus.at(path, followingLinks: false, operation),
            status.kind != .regular, status.kind != .symbolicLink
        {
            throw inTheWay(operation, path, status)
        }
        try replace(parts, operation, path, isSynced: isSynced) { (directory, temporary) throws(SystemError) in
            let file = try directory.makeFile(temporary, operation)
            try file.fill(bytes, mode: mode, owner: owner, group: group, operation, path)
            if isSynced { try SystemError.check(operation, path) { fsync(file.raw) } }
            return file
        }
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
        try makeDirectories(parts.directory)
        if let status = try FileStatus.at(path, followingLinks: false, operation) {
            guard replacing else { throw inTheWay(operation, path, status) }
            if status.kind == .directory { return try replaceDirectory(parts, operation, path, linkingTo: target) }
        } else if !replacing {
            // Not by renaming, which would replace what another process has created meanwhile.
            try SystemError.check(operation, path) { unsafe symlink(target, path) }
            return
        }
        try replace(parts, operation, path, isSynced: isSynced) { (directory, temporary) throws(SystemError) in
            try directory.makeLink(temporary, to: target, operation)
            return nil
        }
    }

    /// Replaces a directory by a link; the directory is moved aside, and removed once the link exists.
    private static func replaceDirectory(
        _ parts: PathParts,
        _ operation: String,
        _ path: String,
        linkingTo target: String,
    ) throws(SystemError) {
        let aside = "\(parts.directory)/\(parts.temporaryName())"
        try SystemError.check(operation, path) { unsafe rename(path, aside) }
        do throws(SystemError) {
            try SystemError.check(operation, path) { unsafe symlink(target, path) }
        } catch {
            unsafe rename(aside, path)
            throw error
        }
        try removeTree(aside)
    }

    /// Renames what `make` has created at a temporary name; a file stays open, and thereby locked, until it has its name.
    private static func replace(
        _ parts: PathParts,
        _ operation: String,
        _ path: String,
        isSynced: Bool,
        _ make: (borrowing DirectoryHandle, String) throws(SystemError) -> FileDescriptor?,
    ) throws(SystemError) {
        let temporary = parts.temporaryName()
        do throws(SystemError) {
            let directory = try DirectoryHandle(opening: parts.directory, operation)
            do throws(SystemError) {
                let file = try make(directory, temporary)
                try directory.rename(temporary, to: parts.name, operation)
                withExtendedLifetime(file) {}
            } catch {
                directory.discard(temporary)
                throw error
            }
            if isSynced { try directory.synchronize(operation) }
        } catch {
            // The message names the path of the caller, not the temporary one.
            throw SystemError(operation, path, code: error.code, detail: error.detail)
        }
    }

    static func inTheWay(_ operation: String, _ path: String, _ status: FileStatus) -> SystemError {
        let code = status.kind == .directory ? EISDIR : EEXIST
        return SystemError(operation, path, code: code, detail: "a \(status.kind.rawValue) is in the way")
    }
}

extension FileDescriptor {
    /// Sets the owner and permissions of a new file, then writes its bytes.
    func fill(
        _ bytes: [UInt8],
        mode: UInt32,
        owner: UInt32?,
        group: UInt32?,
        _ operation: String,
        _ path: String,
    ) throws(SystemError) {
        if owner != nil || group != nil {
            // The largest number leaves owner or group unchanged.
            try SystemError.check(operation, path) { fchown(raw, owner ?? .max, group ?? .max) }
        }
        let setsIdentity = mode & 0o6000
        try SystemError.check(operation, path) { fchmod(raw, mode & ~setsIdentity) }
        try writeAll(bytes, to: raw, operation, path)
        // A change of owner, and every write by an ordinary user, clears these bits.
        if setsIdentity != 0 { try SystemError.check(operation, path) { fchmod(raw, mode) } }
    }
}
