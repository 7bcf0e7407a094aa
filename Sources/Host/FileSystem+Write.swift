import Glibc

extension FileSystem {
    /// Writes a file so that a reader sees all of the old one or all of the new one.
    ///
    /// The bytes go to a new file in the same directory, which has its owner and permissions before its first byte
    /// and takes the name only when it is on the disk. A symbolic link at the path is replaced, not followed. Missing
    /// directories are made. After an error the old file is as it was and nothing is left beside it.
    ///
    /// - Parameters:
    ///   - bytes: The whole content.
    ///   - path: Where the file will be.
    ///   - mode: Its permissions, whatever the process's mask.
    ///   - owner: Its owner, our own user if `nil`.
    ///   - group: Its group, our own group if `nil`.
    ///   - isSynced: Whether it is on the disk before it takes the name; what is made again after a power failure anyway
    ///     need not be.
    /// - Throws: ``SystemError`` if a directory, device, FIFO or socket is in the way, or the system refuses.
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
        if let status = try status(path, followingLinks: false, operation),
            status.kind != .regular, status.kind != .symbolicLink
        {
            throw inTheWay(operation, path, status)
        }
        try replace(parts, operation, path, isSynced: isSynced) { (directory, temporary) throws(SystemError) in
            let file = try directory.makeFile(temporary, operation)
            try file.fill(bytes, mode: mode, owner: owner, group: group, operation, path)
            if isSynced { try SystemError.check(operation, path) { fsync(file.raw) } }
        }
    }

    /// Makes a symbolic link.
    ///
    /// A file or link in the way is replaced in one step; a directory is moved aside first. Missing directories are
    /// made. The target is written as given and need not exist.
    ///
    /// - Parameters:
    ///   - path: Where the link will be.
    ///   - target: What it points at.
    ///   - replacing: Whether a file, link or directory in the way is replaced; a directory goes with all in it.
    ///   - isSynced: Whether the name of a link that replaces another is on the disk when this returns.
    /// - Throws: ``SystemError`` if something is in the way that may not be replaced, or the system refuses.
    public static func makeSymbolicLink(
        at path: String,
        to target: String,
        replacing: Bool,
        isSynced: Bool = true,
    ) throws(SystemError) {
        let operation = "cannot make link"
        let parts = try PathParts(path, operation)
        if let fault = target.fault { throw SystemError(operation, path, code: EINVAL, detail: "its target \(fault)") }
        try makeDirectories(parts.directory)
        if let status = try status(path, followingLinks: false, operation) {
            guard replacing else { throw inTheWay(operation, path, status) }
            if status.kind == .directory { return try replaceDirectory(parts, operation, path, linkingTo: target) }
        } else if !replacing {
            // Not by renaming: what came into the way meanwhile stays.
            try SystemError.check(operation, path) { unsafe symlink(target, path) }
            return
        }
        try replace(parts, operation, path, isSynced: isSynced) { (directory, temporary) throws(SystemError) in
            try directory.makeLink(temporary, to: target, operation)
        }
    }

    /// Puts a link in the place of a directory, which is moved aside and removed when the link is there.
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

    /// Lets `make` put something at a temporary name and then gives it the name it is for.
    private static func replace(
        _ parts: PathParts,
        _ operation: String,
        _ path: String,
        isSynced: Bool,
        _ make: (borrowing DirectoryHandle, String) throws(SystemError) -> Void,
    ) throws(SystemError) {
        let temporary = parts.temporaryName()
        do throws(SystemError) {
            let directory = try DirectoryHandle(opening: parts.directory, operation)
            do throws(SystemError) {
                try make(directory, temporary)
                try directory.rename(temporary, to: parts.name, operation)
            } catch {
                directory.discard(temporary)
                throw error
            }
            if isSynced { try directory.synchronize(operation) }
        } catch {
            // The reader knows the path that was asked for, not the names on the way to it.
            throw SystemError(operation, path, code: error.code, detail: error.detail)
        }
    }

    private static func inTheWay(_ operation: String, _ path: String, _ status: FileStatus) -> SystemError {
        let code = status.kind == .directory ? EISDIR : EEXIST
        return SystemError(operation, path, code: code, detail: "a \(status.kind.rawValue) is in the way")
    }
}

extension FileDescriptor {
    /// Gives a new file its owner and permissions, then its bytes.
    fileprivate func fill(
        _ bytes: [UInt8],
        mode: UInt32,
        owner: UInt32?,
        group: UInt32?,
        _ operation: String,
        _ path: String,
    ) throws(SystemError) {
        if owner != nil || group != nil {
            // All ones leave the number as it is.
            try SystemError.check(operation, path) { fchown(raw, owner ?? .max, group ?? .max) }
        }
        let setsIdentity = mode & 0o6000
        try SystemError.check(operation, path) { fchmod(raw, mode & ~setsIdentity) }
        try writeAll(bytes, to: raw, operation, path)
        // A change of owner, and every write by an ordinary user, takes these bits away.
        if setsIdentity != 0 { try SystemError.check(operation, path) { fchmod(raw, mode) } }
    }
}
