import Glibc

/// What the file system knows of a path without reading it.
public struct FileStatus: Sendable, Hashable {
    /// What stands at a path.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// A file with bytes.
        case regular = "regular file"
        /// A directory.
        case directory
        /// A symbolic link, which was not followed.
        case symbolicLink = "symbolic link"
        /// A named pipe.
        case fifo = "FIFO"
        /// A socket's name.
        case socket
        /// A device such as a terminal.
        case characterDevice = "character device"
        /// A device such as a disk.
        case blockDevice = "block device"
    }

    /// What stands at the path.
    public var kind: Kind

    /// The permissions, with set-user, set-group and sticky bits.
    public var mode: UInt32

    /// The owner's number.
    public var owner: UInt32

    /// The group's number.
    public var group: UInt32

    /// The size in bytes as the file system reports it, which is 0 for files of `/proc`.
    public var size: Int

    /// What a symbolic link points at, as written into it.
    public var target: String?

    /// Which file system and which file: equal for two names of one file.
    var identity: FileIdentity

    /// Reads the C structure.
    init(_ raw: stat) {
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
        identity = FileIdentity(device: UInt64(raw.st_dev), inode: UInt64(raw.st_ino))
    }
}

/// The two numbers that tell one file from every other.
struct FileIdentity: Sendable, Hashable {
    var device: UInt64
    var inode: UInt64
}

extension FileDescriptor {
    /// Asks what is open here.
    func status(_ operation: String, _ subject: String) throws(SystemError) -> FileStatus {
        var raw = stat()
        try SystemError.check(operation, subject) { unsafe fstat(self.raw, &raw) }
        return FileStatus(raw)
    }
}
