import Base
import Glibc

/// The free space of the file system that contains a path.
public struct FreeSpace: Sendable, Hashable {
    /// The directory at which the file system is mounted.
    public let mount: String
    /// The kind of the file system, such as `tmpfs`.
    public let kind: String
    /// The number of its bytes.
    public let size: Int
    /// The number of bytes that are free for other users than root.
    public let free: Int
    /// The number of inodes, 0 if the file system has no fixed number.
    let inodeCount: Int
    /// Whether no file can be created.
    public let isWithoutInodes: Bool

    /// Whether the file system is mounted for reading only.
    public let isReadOnly: Bool

    /// Creates the free space from its parts.
    public init(
        mount: String,
        kind: String = "ext4",
        size: Int,
        free: Int,
        lacksInodes: Bool = false,
        isReadOnly: Bool = false
    ) {
        (self.mount, self.kind, self.size, self.free) = (mount, kind, size, free)
        (inodeCount, isWithoutInodes, self.isReadOnly) = (0, lacksInodes, isReadOnly)
    }

    private init(_ mount: Mount, size: Int, free: Int, _ status: statvfs) {
        (self.mount, kind, self.size, self.free) = (mount.path, mount.kind, size, free)
        inodeCount = Int(clamping: status.f_files)
        isWithoutInodes = status.f_files > 0 && status.f_favail == 0
        isReadOnly = mount.options.contains("ro")
    }

    /// Whether a program would not find space for a small file.
    public var isFull: Bool { free < 1 << 20 || isWithoutInodes }

    /// Reads the free space at a path.
    ///
    /// - Parameter path: An absolute path, which need not exist.
    /// - Returns: The free space, `nil` if the kernel does not report it, such as that of `/proc`.
    public static func at(_ path: String) -> FreeSpace? {
        guard let mount = Mount.containing(path) else { return nil }
        var status = statvfs()
        guard unsafe statvfs(mount.path, &status) == 0 else { return nil }
        let size = UInt64(status.f_blocks).multipliedReportingOverflow(by: UInt64(status.f_frsize))
        let free = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
        guard !size.overflow, !free.overflow, let size = Int(exactly: size.partialValue),
            let free = Int(exactly: free.partialValue), size > 0
        else { return nil }
        return FreeSpace(mount, size: size, free: free, status)
    }
}
