import Glibc

/// The metadata of a file, directory or link.
public struct FileStatus: Sendable, Hashable {
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// A regular file, or a type that the other cases do not cover.
        case regular = "regular file"
        case directory
        /// A symbolic link that was not followed.
        case symbolicLink = "symbolic link"
        /// A named or unnamed pipe.
        case fifo = "FIFO"
        /// A Unix domain socket.
        case socket
        /// A device such as a terminal.
        case characterDevice = "character device"
        /// A device such as a disk.
        case blockDevice = "block device"
    }

    /// The two numbers that identify a file.
    public struct Identity: Sendable, Hashable {
        /// The number of the device that contains the file.
        public var device: UInt64
        /// The number of the file within the file system.
        public var inode: UInt64

        public init(device: UInt64, inode: UInt64) {
            self.device = device
            self.inode = inode
        }
    }

    public var kind: Kind

    /// The permission bits, including set-user-ID, set-group-ID and sticky.
    public var mode: UInt32

    public var owner: UInt32

    public var group: UInt32

    /// The size in bytes as the file system reports it, which is 0 for most files of `/proc`.
    public var size: Int

    /// The target of a symbolic link, unresolved; `nil` for other files and if the target is not UTF-8.
    public var target: String?

    /// The time of the last change to the content, in seconds since 1970.
    public var modified: Int64

    /// The device and inode numbers, which are equal for all names of a file.
    public var identity: Identity

    private init(_ raw: stat) {
        kind =
            switch raw.st_mode & S_IFMT {
            case S_IFDIR: .directory
            case S_IFLNK: .symbolicLink
            case S_IFIFO: .fifo
            case S_IFSOCK: .socket
            case S_IFCHR: .characterDevice
            case S_IFBLK: .blockDevice
            default: .regular
            }
        mode = raw.st_mode & 0o7777
        owner = raw.st_uid
        group = raw.st_gid
        size = Int(raw.st_size)
        modified = Int64(raw.st_mtim.tv_sec)
        identity = Identity(device: UInt64(raw.st_dev), inode: UInt64(raw.st_ino))
    }

    /// Reads the status of an open file.
    public init(descriptor: Int32, _ operation: String, _ subject: String) throws(SystemError) {
        var raw = stat()
        try SystemError.check(operation, subject) { unsafe fstat(descriptor, &raw) }
        self.init(raw)
    }

    /// Reads the status of a path, or returns `nil` if nothing exists there.
    ///
    /// A relative path is resolved against the open descriptor `directory`, by default the working directory.
    public static func at(
        _ path: String,
        in directory: Int32? = nil,
        followingLinks: Bool,
        _ operation: String,
    ) throws(SystemError) -> FileStatus? {
        try SystemError.checkPath(operation, path)
        var raw = stat()
        do throws(SystemError) {
            try SystemError.check(operation, path) {
                unsafe fstatat(directory ?? AT_FDCWD, path, &raw, followingLinks ? 0 : AT_SYMLINK_NOFOLLOW)
            }
        } catch {
            if error.isNotFound { return nil }
            throw error
        }
        var status = FileStatus(raw)
        if status.kind == .symbolicLink { status.target = try linkTarget(path, in: directory, operation) }
        return status
    }

    private static func linkTarget(
        _ path: String,
        in directory: Int32?,
        _ operation: String,
    ) throws(SystemError) -> String? {
        var target = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = try SystemError.check(operation, path) {
            unsafe readlinkat(directory ?? AT_FDCWD, path, &target, target.count)
        }
        return String(validating: target[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
