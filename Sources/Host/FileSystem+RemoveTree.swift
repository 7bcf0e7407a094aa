public import Base
import Glibc

extension FileSystem {
    /// Removes a directory and everything in it, without following links or entering what is mounted there.
    ///
    /// - Parameter path: The directory, in a directory whose path is followed through links.
    /// - Throws: ``Base/SystemError`` that names what could not be removed. Nothing is restored.
    public static func removeTree(_ path: String) throws(SystemError) {
        let parts = try PathParts(path, removing)
        try DirectoryHandle(opening: parts.directory, removing).removeTree(parts.name)
    }

    /// Removes a directory in an open one, and everything in it.
    fileprivate static func removeTree(
        _ name: String,
        in parent: borrowing DirectoryHandle
    ) throws(SystemError) {
        let path = parent.full(name)
        // Bind mounts have the device of what they show, so devices alone do not distinguish them.
        let real = try realPath("/proc/self/fd/\(parent.descriptor.raw)")
        if let mounted = try mountPoint(atOrBelow: real == "/" ? "/\(name)" : "\(real)/\(name)") {
            throw SystemError(removing, mounted, code: EBUSY, detail: "a file system is mounted there")
        }
        try emptyDirectory(path, name, in: parent.descriptor.raw, device: nil, depth: 0)
        try SystemError.check(removing, path) { unsafe unlinkat(parent.descriptor.raw, name, AT_REMOVEDIR) }
    }

    private static let removing = "cannot remove"

    /// Finds a mount point in a directory, or the directory itself, in the kernel's list of this process's mounts.
    ///
    /// The fifth field of a line is the mount point, with space, tab, newline and backslash as octal escapes; see
    /// proc_pid_mountinfo(5).
    static func mountPoint(atOrBelow directory: String) throws(SystemError) -> String? {
        let list = String(decoding: try read("/proc/self/mountinfo", limit: 16 << 20), as: UTF8.self)
        for line in list.utf8.split(separator: UInt8(ascii: "\n")) {
            let fields = line.split(separator: UInt8(ascii: " "), maxSplits: 5).map { Substring($0) }
            guard fields.count > 5 else { continue }
            let path = [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")]
                .reduce(String(fields[4])) { $0.replacing($1.0, with: $1.1) }
            if isPath(path, at: directory) { return path }
        }
        return nil
    }

    /// The maximum depth: each level takes a descriptor.
    private static let depthLimit = 100

    /// Removes everything in the directory `name` of the open directory `parent`.
    private static func emptyDirectory(
        _ path: String,
        _ name: String,
        in parent: CInt,
        device: UInt64?,
        depth: Int,
    ) throws(SystemError) {
        guard depth < depthLimit else {
            throw SystemError(removing, path, code: EFBIG, detail: "is deeper than \(depthLimit) directories")
        }
        let opened = FileDescriptor(
            adopting: try SystemError.check(removing, path) {
                unsafe openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            }
        )
        let here = try FileStatus(descriptor: opened.raw, removing, path).identity.device
        if let device, device != here {
            throw SystemError(removing, path, code: EBUSY, detail: "another file system is mounted there")
        }
        let listing = try DirectoryListing(adopting: opened, removing, path)
        for entry in try listing.names(removing, path, limit: 1_000_000) {
            let below = "\(path)/\(entry)"
            if unsafe unlinkat(listing.descriptor, entry, 0) == 0 { continue }
            let code = errno
            guard code == EISDIR else { throw SystemError(removing, below, code: code) }
            try emptyDirectory(below, entry, in: listing.descriptor, device: here, depth: depth + 1)
            try SystemError.check(removing, below) { unsafe unlinkat(listing.descriptor, entry, AT_REMOVEDIR) }
        }
    }
}

extension DirectoryHandle {
    /// Removes a directory in this one and everything in it, without following links or entering what is mounted there.
    ///
    /// - Parameter name: The directory's name.
    /// - Throws: ``Base/SystemError`` that names what could not be removed. Nothing is restored.
    public func removeTree(_ name: String) throws(SystemError) {
        try FileSystem.removeTree(name, in: self)
    }
}
