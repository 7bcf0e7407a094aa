public import Base
import Glibc

/// Directories of state that root writes and programs of tasks may reach.
///
/// No link in them is followed. A directory belongs to root, or to the user of the unit that writes it; then what root
/// makes in it belongs to that user too, who can replace it.
extension DirectoryHandle {
    /// Opens a directory without following a link on the way.
    ///
    /// - Parameters:
    ///   - path: The absolute path.
    ///   - isCreating: Whether missing directories are created, with mode 0755.
    ///   - isOfService: Whether it may belong to the account of a service, and hold anything.
    /// - Throws: ``Base/SystemError`` if a part of the path is a link or not a directory, or for root if the directory
    ///   belongs to another user, or others can write it.
    public init(reaching path: String, isCreating: Bool, isOfService: Bool = false) throws(SystemError) {
        let operation = isCreating ? Self.creating : Self.opening
        try SystemError.checkPath(operation, path)
        var handle = DirectoryHandle(adopting: try FileDescriptor(opening: "/", O_RDONLY | O_DIRECTORY, operation), "/")
        for part in path.pathParts where part != "." {
            handle = try handle.entering(String(part), isCreating ? 0o755 : nil)
        }
        try handle.requireTrusted(isOfService: isOfService)
        self = handle
    }

    /// Opens a directory of any owner without following a link on the way.
    ///
    /// - Parameter path: The absolute path.
    /// - Throws: ``Base/SystemError`` if a part of the path is a link or not a directory, or does not exist.
    public init(withoutLinks path: String) throws(SystemError) {
        try SystemError.checkPath(Self.opening, path)
        let root = try FileDescriptor(opening: "/", O_RDONLY | O_DIRECTORY, Self.opening)
        var handle = DirectoryHandle(adopting: root, "/")
        for part in path.pathParts { handle = try handle.openDirectory(String(part), Self.opening) }
        self = handle
    }

    private static let opening = "cannot open directory"
    private static let creating = "cannot create directory"

    /// Opens a directory in this one, as ``init(reaching:isCreating:isOfService:)`` does.
    ///
    /// - Parameters:
    ///   - name: The directory's name.
    ///   - mode: Its permissions if it is missing and created, `nil` to leave it missing.
    ///   - isOfService: Whether it may belong to the account of a service, and hold anything.
    /// - Returns: The open directory.
    /// - Throws: ``Base/SystemError`` as there.
    public func directory(
        _ name: String,
        creatingWith mode: UInt32?,
        isOfService: Bool = false,
    ) throws(SystemError) -> DirectoryHandle {
        let handle = try entering(name, mode)
        try handle.requireTrusted(isOfService: isOfService)
        return handle
    }

    private func entering(_ name: String, _ mode: UInt32?) throws(SystemError) -> DirectoryHandle {
        do throws(SystemError) {
            return try openDirectory(name, mode == nil ? Self.opening : Self.creating)
        } catch {
            guard error.code == ENOENT, let mode else { throw error }
            do throws(SystemError) {
                try SystemError.check(Self.creating, full(name)) { unsafe mkdirat(descriptor.raw, name, mode) }
            } catch  where error.code == EEXIST {
                // Another process has just created it.
                return try openDirectory(name, Self.creating)
            }
            let made = try openDirectory(name, Self.creating)
            if let owner = try inheritedOwner() {
                try SystemError.check(Self.creating, full(name)) {
                    unsafe fchownat(made.descriptor.raw, "", owner.user, owner.group, itself)
                }
            }
            return made
        }
    }

    /// The owner of what root makes in a directory of another user, `nil` if it stays root's.
    private func inheritedOwner() throws(SystemError) -> (user: UInt32, group: UInt32)? {
        guard Machine.isRoot else { return nil }
        let status = try status()
        return status.owner == 0 ? nil : (status.owner, status.group)
    }

    /// Reads the status of the directory itself.
    ///
    /// - Throws: ``Base/SystemError`` if the system refuses.
    public func status() throws(SystemError) -> FileStatus {
        try FileStatus(descriptor: descriptor.raw, "cannot look at", path)
    }

    func openDirectory(_ name: String, _ operation: String) throws(SystemError) -> DirectoryHandle {
        let path = full(name)
        // Searching needs less permission than reading.
        let flags = O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | searchOnly
        do throws(SystemError) {
            let opened = try SystemError.check(operation, path) { unsafe openat(descriptor.raw, name, flags) }
            return DirectoryHandle(adopting: FileDescriptor(adopting: opened), path)
        } catch {
            throw explained(error, name)
        }
    }

    /// The error with the kind of what is in the way: the system's code for a link is that of a missing directory.
    private func explained(_ error: SystemError, _ name: String) -> SystemError {
        guard [ENOTDIR, ELOOP].contains(error.code),
            let found = try? FileStatus.at(name, in: descriptor.raw, followingLinks: false, error.operation)
        else { return error }
        let call = quotedShellLine(["rm", error.subject])
        let advice = found.kind == .symbolicLink ? "run \(call) if nothing else needs it" : nil
        let detail = "is a \(found.kind.rawValue)"
        return SystemError(error.operation, error.subject, code: ELOOP, detail: detail, advice: advice)
    }

    private func requireTrusted(isOfService: Bool) throws(SystemError) {
        // An ordinary user reads what root has written.
        guard Machine.isRoot else { return }
        try status().requireTrusted(path, ownersBelow: isOfService ? FileStatus.serviceAccountEnd : 1)
    }

    /// Reads a regular file in the directory; a link is refused.
    ///
    /// - Parameters:
    ///   - name: The file's name.
    ///   - limit: The maximum number of bytes.
    /// - Returns: All bytes of the file.
    /// - Throws: ``Base/SystemError`` if there is no such file, or it cannot be read.
    public func read(_ name: String, limit: Int) throws(SystemError) -> [UInt8] {
        try readFile(try open(name, O_RDONLY | O_NONBLOCK, "cannot read"), full(name), limit: limit)
    }

    /// Replaces a file of the directory atomically; a link is replaced, not followed.
    ///
    /// - Parameters:
    ///   - bytes: The whole content.
    ///   - name: The file's name.
    ///   - mode: Its permissions.
    ///   - isSynced: Whether it is on the disk afterwards, so that it survives a power failure.
    /// - Throws: ``Base/SystemError`` if the system refuses.
    public func write(
        _ bytes: [UInt8],
        to name: String,
        mode: UInt32,
        isSynced: Bool = false,
    ) throws(SystemError) {
        let operation = "cannot write"
        let path = full(name)
        removeAbandoned(of: name)
        let temporary = try PathParts(path, operation).temporaryName()
        // Not between the two calls below: Swift 6.3.1 fails to optimise that (CopyPropagation).
        let owner = try inheritedOwner()
        do throws(SystemError) {
            let lock = try makeFile(temporary, operation)
            do throws(SystemError) {
                try lock.file.fill(bytes, mode: mode, owner: owner?.user, group: owner?.group, operation, path)
            } catch  where error.code == EPERM && owner != nil {
                // Root in a unit that may not give files away keeps them.
                try lock.file.fill(bytes, mode: mode, owner: nil, group: nil, operation, path)
            }
            if isSynced { try SystemError.check(operation, path) { fsync(lock.file.raw) } }
            try rename(temporary, to: name, operation)
            // It is locked until it has its name.
            lock.release()
            if isSynced { try synchronizeNames() }
        } catch {
            discard(temporary)
            throw SystemError(operation, path, code: error.code, detail: error.detail)
        }
    }

    /// Waits until the names are on the disk, for which a directory has to be opened to be read.
    private func synchronizeNames() throws(SystemError) {
        let readable = try open(".", O_RDONLY | O_DIRECTORY, "cannot write")
        try DirectoryHandle(adopting: readable, path).synchronize("cannot write")
    }

    /// Replaces an entry of the directory by a symbolic link, atomically.
    ///
    /// - Parameters:
    ///   - target: The link's target, as written into it.
    ///   - name: The link's name.
    /// - Throws: ``Base/SystemError`` if the system refuses.
    public func writeLink(to target: String, at name: String) throws(SystemError) {
        let operation = "cannot create link"
        removeAbandoned(of: name)
        let temporary = try PathParts(full(name), operation).temporaryName()
        do throws(SystemError) {
            try makeLink(temporary, to: target, operation)
            try rename(temporary, to: name, operation)
        } catch {
            discard(temporary)
            throw SystemError(operation, full(name), code: error.code, detail: error.detail)
        }
    }

    /// Writes bytes in place of those of a file that has at least as many, which takes no new space on the disk.
    ///
    /// A reader may see half of the old bytes and half of the new ones: for a disk that is too full for
    /// ``write(_:to:mode:isSynced:)``.
    ///
    /// - Throws: ``Base/SystemError`` if it is not a regular file, or shorter than that, or the system refuses.
    public func overwrite(_ bytes: [UInt8], at name: String) throws(SystemError) {
        let operation = "cannot write"
        // Without waiting for a reader, where somebody has put a FIFO.
        let file = try open(name, O_WRONLY | O_NONBLOCK, operation)
        let status = try FileStatus(descriptor: file.raw, operation, full(name))
        guard status.kind == .regular, status.size >= bytes.count else {
            throw SystemError(operation, full(name), code: ENOSPC)
        }
        try writeAll(bytes, to: file.raw, operation, full(name))
        try SystemError.check(operation, full(name)) { ftruncate(file.raw, bytes.count) }
    }

    /// Opens the file of a lock, which only its owner may open, and thereby lock.
    ///
    /// - Throws: ``Base/SystemError`` if the system refuses.
    public func openLock(_ name: String) throws(SystemError) -> FileDescriptor {
        try open(name, O_RDWR | O_CREAT, "cannot lock")
    }

    /// Opens the directory itself to lock it, which needs the permission to list it.
    ///
    /// - Throws: ``Base/SystemError`` if the system refuses.
    public func openLock() throws(SystemError) -> FileDescriptor {
        try open(".", O_RDONLY | O_DIRECTORY, "cannot lock")
    }

    /// Reads the status of an entry without following a link, `nil` if there is none.
    ///
    /// - Throws: ``Base/SystemError`` if the directory may not be searched.
    public func status(_ name: String) throws(SystemError) -> FileStatus? { try status(name, "cannot look at") }

    /// Reads the status of an entry, with the path of the directory in the error.
    func status(_ name: String, _ operation: String) throws(SystemError) -> FileStatus? {
        do throws(SystemError) {
            return try FileStatus.at(name, in: descriptor.raw, followingLinks: false, operation)
        } catch {
            throw SystemError(operation, full(name), code: error.code, detail: error.detail)
        }
    }

    /// Lists the names of the entries, in no order.
    ///
    /// - Throws: ``Base/SystemError`` if the directory cannot be read.
    public func names() throws(SystemError) -> [String] {
        let operation = "cannot list"
        let readable = try open(".", O_RDONLY | O_DIRECTORY, operation)
        return try DirectoryListing(adopting: readable, operation, path).names(operation, path, limit: 100_000)
    }

    func open(_ name: String, _ flags: Int32, _ operation: String) throws(SystemError) -> FileDescriptor {
        let path = full(name)
        do throws(SystemError) {
            return FileDescriptor(
                adopting: try SystemError.check(operation, path) {
                    unsafe openat(descriptor.raw, name, flags | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, 0o600)
                }
            )
        } catch {
            throw explained(error, name)
        }
    }
}

/// The flag of a directory that is opened to search it; Glibc declares it for GNU sources only.
private let searchOnly: Int32 = 0o10000000

/// The flag with which a call acts on the open file itself; Glibc declares it for GNU sources only.
private let itself: Int32 = 0x1000
