public import Base
import CShims
import Glibc

/// An open directory, whose entries stay reachable after its path is renamed or replaced.
public struct DirectoryHandle: ~Copyable, Sendable {
    let descriptor: FileDescriptor
    let path: String

    init(adopting descriptor: consuming FileDescriptor, _ path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    init(opening path: String, _ operation: String) throws(SystemError) {
        self.descriptor = try FileDescriptor(opening: path, O_RDONLY | O_DIRECTORY, operation)
        self.path = path
    }

    func makeLink(_ name: String, to target: String, _ operation: String) throws(SystemError) {
        try SystemError.check(operation, full(name)) { unsafe symlinkat(target, descriptor.raw, name) }
    }

    func rename(_ name: String, to other: String, _ operation: String) throws(SystemError) {
        try SystemError.check(operation, full(other)) {
            unsafe renameat(descriptor.raw, name, descriptor.raw, other)
        }
    }

    /// Swaps the names of two entries atomically.
    func exchange(_ name: String, with other: String, _ operation: String) throws(SystemError) {
        do throws(SystemError) {
            try SystemError.check(operation, full(other)) { unsafe nest_host_exchange(descriptor.raw, name, other) }
        } catch {
            guard error.code == EINVAL || error.code == ENOSYS else { throw error }
            let detail = "its file system cannot exchange two entries"
            throw SystemError(operation, full(other), code: error.code, detail: detail)
        }
    }

    /// Removes an entry that is not a directory, and ignores failures.
    func discard(_ name: String) {
        unsafe unlinkat(descriptor.raw, name, 0)
    }

    /// Removes an entry that is not a directory; the entry need not exist.
    public func remove(_ name: String) throws(SystemError) {
        do throws(SystemError) {
            try SystemError.check("cannot remove", full(name)) { unsafe unlinkat(descriptor.raw, name, 0) }
        } catch {
            if !error.isNotFound { throw error }
        }
    }

    /// Removes a subdirectory; if it is not empty, the error has the code `ENOTEMPTY`.
    public func removeDirectory(_ name: String) throws(SystemError) {
        try SystemError.check("cannot remove", full(name)) { unsafe unlinkat(descriptor.raw, name, AT_REMOVEDIR) }
    }

    /// Flushes the names of the entries to the disk.
    func synchronize(_ operation: String) throws(SystemError) {
        // The descriptor may be open only for searching.
        let readable = try open(".", O_RDONLY | O_DIRECTORY, operation)
        do throws(SystemError) {
            try SystemError.check(operation, path) { fsync(readable.raw) }
        } catch {
            // Some file systems do not support the call for directories.
            if error.code != EINVAL { throw error }
        }
    }

    /// Duplicates the file descriptor, for an object that outlives this value.
    func duplicate(_ operation: String) throws(SystemError) -> DirectoryHandle {
        DirectoryHandle(adopting: try descriptor.duplicate(operation, path), path)
    }

    func full(_ name: String) -> String {
        path.endsWithSlash ? path + name : "\(path)/\(name)"
    }
}

extension DirectoryHandle {
    /// Opens a directory without following links; `isCreating` creates missing directories with mode 0755.
    ///
    /// Directories that root creates belong to the owner of the directory above. With `isOfService`, a service account
    /// may own the directory, and its contents are not trusted.
    ///
    /// - Throws: ``Base/SystemError`` if a part of the path is a link or, for root, if another user owns the directory
    ///   or can replace its entries.
    public init(reaching path: String, isCreating: Bool, isOfService: Bool = false) throws(SystemError) {
        let operation = isCreating ? Self.creating : Self.opening
        let handle = try Self.walked(path, creatingWith: isCreating ? 0o755 : nil, operation, inheritsOwner: true)
        try handle.requireTrusted(isOfService: isOfService)
        self = handle
    }

    /// Opens a directory of any owner; a path with a link in it is refused.
    public init(withoutLinks path: String) throws(SystemError) {
        self = try Self.walked(path, creatingWith: nil, Self.opening)
    }

    /// Opens a directory to create entries in it, and creates missing directories.
    ///
    /// Root follows links only as ``FileSystem/directoryForWriting(_:_:)`` allows. A link that appears after that check
    /// is refused.
    init(creatingForWriting path: String, _ operation: String) throws(SystemError) {
        let place = try FileSystem.directoryForWriting(path, operation)
        // This check reports a dangling link or a file that is in the way.
        try FileSystem.checkDirectories(above: path == "/" ? "/file" : "\(path)/file")
        let handle = try Self.walked(place, creatingWith: 0o755, operation)
        self.init(adopting: try handle.descriptor.duplicate(operation, path), path)
    }

    private static func walked(
        _ path: String,
        creatingWith mode: UInt32?,
        _ operation: String,
        inheritsOwner: Bool = false,
    ) throws(SystemError) -> DirectoryHandle {
        try SystemError.checkPath(operation, path)
        var handle = DirectoryHandle(adopting: try FileDescriptor(opening: "/", O_RDONLY | O_DIRECTORY, operation), "/")
        for part in path.pathParts where part != "." {
            handle = try handle.entering(String(part), mode, operation, inheritsOwner: inheritsOwner)
        }
        return handle
    }

    private static let opening = "cannot open directory"
    private static let creating = "cannot create directory"

    /// Opens a subdirectory under the conditions of ``init(reaching:isCreating:isOfService:)``.
    ///
    /// A missing subdirectory is created with the given mode; if the mode is `nil`, an error is thrown.
    public func directory(
        _ name: String,
        creatingWith mode: UInt32?,
        isOfService: Bool = false,
    ) throws(SystemError) -> DirectoryHandle {
        let operation = mode == nil ? Self.opening : Self.creating
        let handle = try entering(name, mode, operation, inheritsOwner: true)
        try handle.requireTrusted(isOfService: isOfService)
        return handle
    }

    private func entering(
        _ name: String,
        _ mode: UInt32?,
        _ operation: String,
        inheritsOwner: Bool,
    ) throws(SystemError) -> DirectoryHandle {
        do throws(SystemError) {
            return try openDirectory(name, operation)
        } catch {
            guard error.code == ENOENT, let mode else { throw error }
            let code = unsafe mkdirat(descriptor.raw, name, mode) == 0 ? 0 : errno
            // Another process may have created the directory in the meantime.
            if code != 0, code != EEXIST { throw SystemError(Self.creating, full(name), code: code) }
            let opened = try openDirectory(name, operation)
            guard code == 0 else { return opened }
            let made = try opened.open(".", O_RDONLY | O_DIRECTORY, operation)
            // The umask does not apply: other users must be able to enter the directories above their files.
            try SystemError.check(Self.creating, full(name)) { fchmod(made.raw, mode) }
            if inheritsOwner, let owner = try inheritedOwner() {
                try SystemError.check(Self.creating, full(name)) { fchown(made.raw, owner.user, owner.group) }
            }
            return opened
        }
    }

    /// Returns the owner and group for new entries of the directory, or `nil` for those of the process.
    private func inheritedOwner() throws(SystemError) -> (user: UInt32, group: UInt32)? {
        guard Machine.isRoot else { return nil }
        let status = try status()
        return status.owner == 0 ? nil : (status.owner, status.group)
    }

    public func status() throws(SystemError) -> FileStatus {
        try FileStatus(descriptor: descriptor.raw, "cannot look at", path)
    }

    private func openDirectory(_ name: String, _ operation: String) throws(SystemError) -> DirectoryHandle {
        let path = full(name)
        // Searching a directory requires fewer permissions than reading it.
        let flags = O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | searchOnly
        do throws(SystemError) {
            let opened = try SystemError.check(operation, path) { unsafe openat(descriptor.raw, name, flags) }
            return DirectoryHandle(adopting: FileDescriptor(adopting: opened), path)
        } catch {
            throw explained(error, name)
        }
    }

    /// Adds the kind of the file that was found, because the error code does not tell whether it is a link.
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
        // An ordinary user has no permissions that another user could gain.
        guard Machine.isRoot else { return }
        try status().requireTrusted(path, ownersBelow: isOfService ? FileStatus.serviceAccountEnd : 1)
    }

    /// Reads a regular file in the directory; a link is refused.
    public func read(_ name: String, limit: Int) throws(SystemError) -> [UInt8] {
        try readFile(try open(name, O_RDONLY | O_NONBLOCK, "cannot read"), full(name), limit: limit)
    }

    /// Reads a regular file of any size in parts; a link is refused.
    public func readParts(_ name: String, _ receive: ([UInt8]) throws(SystemError) -> Void) throws(SystemError) {
        try Base.readParts(try open(name, O_RDONLY | O_NONBLOCK, "cannot read"), full(name), receive)
    }

    /// Writes a file in the directory atomically; a link is replaced, not followed.
    ///
    /// Without `isSynced`, the file may be lost in a power failure.
    public func write(
        _ bytes: [UInt8],
        to name: String,
        mode: UInt32,
        isSynced: Bool = false,
    ) throws(SystemError) {
        let owner = try inheritedOwner()
        var content = FileContent(bytes, path: full(name), mode: mode, owner: owner?.user, group: owner?.group)
        let file: NewFile
        do throws(SystemError) {
            file = try NewFile(content, name, in: self, isSynced: isSynced)
        } catch  where error.code == EPERM && owner != nil {
            // If the systemd unit forbids changing owners, root remains the owner.
            (content.owner, content.group) = (nil, nil)
            file = try NewFile(content, name, in: self, isSynced: isSynced)
        }
        try file.rename()
        if isSynced { try file.synchronizeDirectory() }
    }

    /// Takes the lock of a file in the directory or, without a name, of the directory itself.
    ///
    /// A missing file is created with mode 0600. The result is `nil` if another process has the lock.
    public func lock(_ name: String? = nil) throws(SystemError) -> FileLock? {
        let operation = "cannot lock"
        let file = try open(name ?? ".", name == nil ? O_RDONLY | O_DIRECTORY : O_RDWR | O_CREAT, operation)
        do throws(SystemError) {
            try SystemError.check(operation, name.map { full($0) } ?? path) { flock(file.raw, LOCK_EX | LOCK_NB) }
        } catch {
            if error.code == EWOULDBLOCK { return nil }
            throw error
        }
        return FileLock(adopting: file)
    }

    /// Reads the status of an entry without following a link; returns `nil` if the entry does not exist.
    public func status(_ name: String, _ operation: String = "cannot look at") throws(SystemError) -> FileStatus? {
        do throws(SystemError) {
            return try FileStatus.at(name, in: descriptor.raw, followingLinks: false, operation)
        } catch {
            throw SystemError(operation, full(name), code: error.code, detail: error.detail)
        }
    }

    /// Lists the names of the entries, sorted by their bytes.
    public func names() throws(SystemError) -> [String] { try names("cannot list", limit: 100_000) }

    func names(_ operation: String, limit: Int) throws(SystemError) -> [String] {
        let readable = try open(".", O_RDONLY | O_DIRECTORY, operation)
        return try Host.names(in: readable, operation, path, limit: limit)
    }

    func open(
        _ name: String,
        _ flags: Int32,
        _ operation: String,
        mode: mode_t = 0o600,
    ) throws(SystemError) -> FileDescriptor {
        let path = full(name)
        do throws(SystemError) {
            return FileDescriptor(
                adopting: try SystemError.check(operation, path) {
                    unsafe openat(descriptor.raw, name, flags | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, mode)
                }
            )
        } catch {
            throw explained(error, name)
        }
    }
}

/// The flag `O_PATH`, which opens a directory only for searching; Glibc declares it for GNU sources only.
private let searchOnly: Int32 = 0o10000000

extension DirectoryHandle {
    /// The number of attempts, and the pause after each, while another process writes the temporary file.
    private static let (attemptLimit, attemptMicroseconds): (Int, UInt32) = (500, 20_000)

    /// Creates and locks a file that only its owner may read.
    ///
    /// If the file exists without a lock, a killed process has left it, and it is removed. If another process has its
    /// lock, the function waits for that process.
    ///
    /// - Throws: ``Base/SystemError`` with the code `EBUSY` if the other process keeps the lock for too long.
    func makeFile(_ name: String, _ operation: String, _ path: String) throws(SystemError) -> FileLock {
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        for _ in 0..<Self.attemptLimit {
            let raw = unsafe openat(descriptor.raw, name, flags, 0o600)
            let code = errno
            if raw >= 0 {
                let file = FileDescriptor(adopting: raw)
                // If the file system does not support locks, this call fails, and the file is written without a lock.
                flock(file.raw, LOCK_EX)
                // Another process may have removed the file as abandoned before this process locked it.
                if try isFile(name, file, operation) { return FileLock(adopting: file) }
            } else {
                guard code == EEXIST else { throw SystemError(operation, path, code: code) }
                if try !removeAbandoned(name, operation) { usleep(Self.attemptMicroseconds) }
            }
        }
        throw SystemError(operation, path, code: EBUSY, detail: "another process is writing it")
    }

    /// Removes a temporary file if it is abandoned; returns `false` if another process still writes it.
    private func removeAbandoned(_ name: String, _ operation: String) throws(SystemError) -> Bool {
        let opened = unsafe openat(descriptor.raw, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        let code = errno
        guard opened >= 0 else {
            // A link has no writer, because it is created in one step. A file that cannot be opened is another user's.
            guard [ELOOP, ENOENT, EACCES].contains(code) else { throw SystemError(operation, full(name), code: code) }
            try removeRemains(name)
            return true
        }
        let file = FileDescriptor(adopting: opened)
        if flock(file.raw, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK { return false }
        // The file is removed before its lock is released: a writer that gets the lock next finds the file missing.
        if try isFile(name, file, operation) { try removeRemains(name) }
        withExtendedLifetime(file) {}
        return true
    }

    /// Removes the remains of a killed process under a temporary name: a file, a link or a directory with its contents.
    func removeRemains(_ name: String) throws(SystemError) {
        guard let found = try status(name) else { return }
        if found.kind == .directory { try removeTree(name) } else { try remove(name) }
    }

    /// Returns whether a name still refers to an open file.
    private func isFile(
        _ name: String,
        _ file: borrowing FileDescriptor,
        _ operation: String
    ) throws(SystemError) -> Bool {
        try status(name, operation)?.identity == FileStatus(descriptor: file.raw, operation, full(name)).identity
    }
}

/// Lists the names in an open directory, sorted by their bytes, without `.` and `..`.
func names(
    in directory: consuming FileDescriptor,
    _ operation: String,
    _ path: String,
    limit: Int
) throws(SystemError) -> [String] {
    let opened = unsafe fdopendir(directory.raw)
    let code = errno
    guard let opened = unsafe opened else { throw SystemError(operation, path, code: code) }
    directory.release()
    defer { unsafe closedir(opened) }
    var names: [String] = []
    while true {
        errno = 0
        let entry = unsafe readdir(opened)
        let code = errno
        guard let entry = unsafe entry, let offset = MemoryLayout<dirent>.offset(of: \.d_name) else {
            if code != 0 { throw SystemError(operation, path, code: code) }
            return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        }
        // The record may be shorter than its C type, so only its name is read.
        let text = unsafe UnsafeRawPointer(entry).advanced(by: offset).assumingMemoryBound(to: CChar.self)
        guard let name = unsafe String(validatingCString: text) else {
            let shown = unsafe printable(String(cString: text))
            throw SystemError(operation, path, code: EILSEQ, detail: "has a name in it that is not UTF-8: '\(shown)'")
        }
        if name == "." || name == ".." { continue }
        names.append(name)
        guard names.count <= limit else {
            throw SystemError(operation, path, code: EFBIG, detail: "contains more than \(limit) names")
        }
    }
}
