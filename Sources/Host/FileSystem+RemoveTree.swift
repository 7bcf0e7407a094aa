public import Base
import CShims
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
        // Before anything is removed. The kernel looks again at each directory.
        try parent.requireNoMount(in: name, removing)
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
            let path = unescaped(fields[4])
            if isPath(path, at: directory) { return path }
        }
        return nil
    }

    /// A text of the kernel with its octal escapes replaced, byte by byte.
    static func unescaped(_ text: Substring) -> String {
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            let digits = bytes[index...].dropFirst().prefix(3)
            let isEscape = bytes[index] == UInt8(ascii: "\\") && digits.count == 3
            if isEscape, let code = UInt8(String(decoding: digits, as: UTF8.self), radix: 8) {
                result.append(code)
                index += 4
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
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
        let raw = unsafe nest_host_open_directory_here(parent, name)
        let code = errno
        guard raw >= 0 else {
            let detail = code == EXDEV ? "a file system is mounted there" : nil
            throw SystemError(removing, path, code: code == EXDEV ? EBUSY : code, detail: detail)
        }
        let opened = FileDescriptor(adopting: raw)
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
    /// Refuses a directory in this one in which a file system is mounted, or which is one.
    ///
    /// Bind mounts have the device of what they show, so devices alone do not distinguish them.
    func requireNoMount(in name: String, _ operation: String) throws(SystemError) {
        let real = try FileSystem.realPath("/proc/self/fd/\(descriptor.raw)")
        guard let mounted = try FileSystem.mountPoint(atOrBelow: real == "/" ? "/\(name)" : "\(real)/\(name)") else {
            return
        }
        throw SystemError(operation, mounted, code: EBUSY, detail: "a file system is mounted there")
    }

    /// Removes a directory in this one and everything in it, without following links or entering what is mounted there.
    ///
    /// - Parameter name: The directory's name.
    /// - Throws: ``Base/SystemError`` that names what could not be removed. Nothing is restored.
    public func removeTree(_ name: String) throws(SystemError) {
        try FileSystem.removeTree(name, in: self)
    }
}
