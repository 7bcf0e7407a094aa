public import Base
import Glibc

public struct FileContent: Sendable {
    /// The whole content, or `nil` if it is not in memory.
    public var bytes: [UInt8]?
    /// The SHA-256 digest of content that is not in memory, in lower-case hexadecimal digits.
    public var sha256 = ""
    /// The number of bytes, or `nil` if it is not known yet.
    public var size: Int?
    public var path: String
    /// The permissions, regardless of the umask.
    public var mode: UInt32
    /// The owner, or `nil` for the process's user.
    public var owner: UInt32?
    /// The group, or `nil` for the group that the kernel gives to a new file.
    public var group: UInt32?

    public init(
        _ bytes: [UInt8]? = nil,
        sha256: String = "",
        size: Int? = nil,
        path: String,
        mode: UInt32,
        owner: UInt32? = nil,
        group: UInt32? = nil,
    ) {
        (self.bytes, self.sha256, self.size) = (bytes, sha256, size ?? bytes?.count)
        (self.path, self.mode, self.owner, self.group) = (path, mode, owner, group)
    }
}

/// A new file with a temporary name until it is renamed into place.
///
/// If it is never renamed into place, `deinit` removes it.
public final class NewFile {
    private let path: String
    private let name: String
    private let directory: DirectoryHandle
    private let temporary: String
    private let lock: FileLock
    private var isInPlace = false

    private static let operation = "cannot write"

    /// Creates the temporary file, and writes the content if it is in memory.
    init(
        _ content: FileContent,
        _ name: String,
        in directory: borrowing DirectoryHandle,
        isSynced: Bool,
    ) throws(SystemError) {
        (path, self.name) = (content.path, name)
        temporary = try PathParts(content.path, Self.operation).temporaryName
        self.directory = try directory.duplicate(Self.operation)
        lock = try directory.makeFile(temporary, Self.operation, content.path)
        try lock.file.fill(content, Self.operation)
        if isSynced { try SystemError.check(Self.operation, content.path) { fsync(lock.file.raw) } }
    }

    /// Creates the temporary file and missing directories; the caller appends any content that is not in memory.
    ///
    /// - Throws: ``Base/SystemError`` if the path is a directory, device, FIFO or socket, or cannot be written.
    public convenience init(_ content: FileContent, isSynced: Bool) throws(SystemError) {
        let parts = try PathParts(content.path, Self.operation)
        let directory = try DirectoryHandle(creatingForWriting: parts.directory, Self.operation)
        if let status = try directory.status(parts.name, Self.operation),
            status.kind != .regular, status.kind != .symbolicLink
        {
            throw FileSystem.inTheWay(Self.operation, content.path, status)
        }
        try self.init(content, parts.name, in: directory, isSynced: isSynced)
    }

    public func append(_ bytes: [UInt8]) throws(SystemError) {
        try writeAll(bytes, to: lock.file.raw, Self.operation, path)
    }

    /// Flushes the file to the disk, and renames it into place.
    public func complete() throws(SystemError) {
        try SystemError.check(Self.operation, path) { fsync(lock.file.raw) }
        try rename()
        try synchronizeDirectory()
    }

    deinit {
        if !isInPlace { directory.discard(temporary) }
    }

    /// Renames the file to its path, and replaces an existing file or link.
    func rename() throws(SystemError) {
        try directory.rename(temporary, to: name, Self.operation)
        isInPlace = true
    }

    /// Flushes the new name to the disk.
    func synchronizeDirectory() throws(SystemError) { try directory.synchronize(Self.operation) }
}

extension FileDescriptor {
    /// Sets the permissions, the owner and the group of a new file, then writes its bytes.
    fileprivate func fill(_ content: FileContent, _ operation: String) throws(SystemError) {
        let (mode, path) = (content.mode, content.path)
        let setsIdentity = mode & 0o6000
        // The permissions come first, because a systemd unit may forbid changing another user's file.
        try SystemError.check(operation, path) { fchmod(raw, mode & ~setsIdentity) }
        if content.owner != nil || content.group != nil {
            // The largest number, which is -1 in C, leaves the owner or the group unchanged.
            try SystemError.check(operation, path) { fchown(raw, content.owner ?? .max, content.group ?? .max) }
        }
        if let bytes = content.bytes { try writeAll(bytes, to: raw, operation, path) }
        // A change of owner, and every write by an ordinary user, clears the set-user-ID and set-group-ID bits.
        if setsIdentity != 0 { try SystemError.check(operation, path) { fchmod(raw, mode) } }
    }
}

/// A file in a state directory that is received in parts, possibly over several runs.
public final class PartialFile: Sendable {
    private let directory: DirectoryHandle
    private let name: String
    private let file: FileDescriptor

    private static let operation = "cannot write"

    private static let sizeLimit = 8 << 30

    /// Opens or creates the file for appending; until it is complete, its name has the suffix `.part`.
    ///
    /// - Throws: ``Base/SystemError`` if the path has a link in it or, for root, if an ordinary user could change it.
    public init(_ name: String, in directory: String) throws(SystemError) {
        let opened = try DirectoryHandle(reaching: directory, isCreating: true, isOfService: true)
        let flags = O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK
        file = try opened.open("\(name).part", flags, Self.operation, mode: 0o644)
        self.directory = opened
        self.name = name
    }

    private var path: String { directory.full(name) }

    /// The number of bytes received so far.
    public var size: Int {
        get throws(SystemError) { try FileStatus(descriptor: file.raw, Self.operation, path).size }
    }

    public func append(_ bytes: [UInt8]) throws(SystemError) {
        guard try size < Self.sizeLimit else { throw SystemError(Self.operation, path, code: EFBIG) }
        try writeAll(bytes, to: file.raw, Self.operation, path)
    }

    public func clear() throws(SystemError) {
        try SystemError.check(Self.operation, path) { ftruncate(file.raw, 0) }
    }

    /// Flushes the file to the disk, and removes the suffix `.part` from its name.
    public func complete() throws(SystemError) {
        try SystemError.check(Self.operation, path) { fsync(file.raw) }
        try directory.rename("\(name).part", to: name, Self.operation)
    }
}
