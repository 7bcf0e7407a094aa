import Glibc

extension FileSystem {
    /// Removes a directory and all below it, without following links or entering other file systems.
    ///
    /// - Parameter path: The directory.
    /// - Throws: ``SystemError`` that names what could not be removed; what was removed before it stays removed.
    public static func removeTree(_ path: String) throws(SystemError) {
        try SystemError.checkPath(removing, path)
        try emptyDirectory(path, path, in: AT_FDCWD, device: nil, depth: 0)
        try SystemError.check(removing, path) { unsafe rmdir(path) }
    }

    private static let removing = "cannot remove"

    /// Deeper trees are refused: each level holds a descriptor.
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
        let here = try opened.status(removing, path).identity.device
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
