import Base
import Glibc

/// A mounted file system in the mount namespace of this process.
struct Mount: Sendable, Hashable {
    /// The mount point, a directory or file.
    let path: String
    /// The type of the file system, such as `ext4`.
    let type: String

    /// Lists the mounts in the order of `/proc/self/mountinfo`.
    ///
    /// See proc_pid_mountinfo(5) for the format. Space, tab, newline and backslash are written as octal escapes.
    static func all() throws(SystemError) -> [Mount] {
        let list = String(decoding: try readFile("/proc/self/mountinfo", limit: 16 << 20), as: UTF8.self)
        return list.utf8.split(separator: UInt8(ascii: "\n")).compactMap { line in
            let fields = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false).map {
                Substring($0)
            }
            // A hyphen ends the optional fields, and the type follows.
            guard let end = fields.dropFirst(6).firstIndex(of: "-"), end + 1 < fields.count else { return nil }
            return Mount(path: unescaped(fields[4]), type: String(fields[end + 1]))
        }
    }

    /// Finds the mount that contains an absolute path; the path need not exist.
    ///
    /// The result is `nil` if the kernel's list cannot be read or has no such mount.
    static func containing(_ path: String) -> Mount? {
        let real = FileSystem.existingRealPath(path)
        let mounts = ((try? all()) ?? []).filter { isPath(real, at: $0.path) }
        let longest = mounts.map(\.path.utf8.count).max()
        // The last of several mounts at one path hides the others.
        return mounts.last { $0.path.utf8.count == longest }
    }

    /// Replaces the kernel's octal escapes in a text.
    private static func unescaped(_ text: Substring) -> String {
        let plain = text.replacing("\\040", with: " ").replacing("\\011", with: "\t").replacing("\\012", with: "\n")
        return String(plain.replacing("\\134", with: "\\"))
    }
}

extension FileSystem {
    /// Returns whether files at a path are stored only in memory, or `nil` if their mount cannot be determined.
    public static func isInMemory(_ path: String) -> Bool? {
        Mount.containing(path).map { ["tmpfs", "ramfs", "rootfs"].contains($0.type) }
    }
}

/// The free space of the file system that contains a path.
public struct FreeSpace: Sendable, Hashable {
    /// The mount point of the file system.
    public var mount: String
    /// The number of bytes that are free for users other than root.
    public var free: Int
    /// Whether no inode, which a new file needs, is free for users other than root.
    public var lacksInodes = false

    /// Whether less than 1 MiB, or no inode, is free for users other than root.
    public var isFull: Bool { free < 1 << 20 || lacksInodes }

    /// Reads the free space of the file system that contains an absolute path; the path need not exist.
    ///
    /// The result is `nil` for a file system without a size, such as `/proc`, or if the space cannot be read.
    public static func at(_ path: String) -> FreeSpace? {
        guard let mount = Mount.containing(path) else { return nil }
        var status = statvfs()
        guard unsafe statvfs(mount.path, &status) == 0, status.f_blocks > 0 else { return nil }
        let (free, isTooLarge) = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
        return FreeSpace(
            mount: mount.path,
            free: isTooLarge ? .max : Int(clamping: free),
            lacksInodes: status.f_files > 0 && status.f_favail == 0
        )
    }
}
