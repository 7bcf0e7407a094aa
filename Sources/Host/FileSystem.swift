import Glibc

/// Files and directories: everything bounded, nothing that waits for a writer.
public enum FileSystem {
    /// Reads a regular file, following links.
    ///
    /// A FIFO, device or directory is refused in words, without opening it.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - limit: The number of bytes above which the file is refused, also if it grows while it is read.
    /// - Returns: All bytes of the file.
    /// - Throws: ``SystemError`` if there is no such file, or it cannot be read, or is too large.
    public static func read(_ path: String, limit: Int) throws(SystemError) -> [UInt8] {
        let operation = "cannot read"
        // Looked at before it is opened: opening some devices, a watchdog's for one, already does something.
        guard let found = try status(path, followingLinks: true, operation) else {
            throw SystemError(operation, path, code: ENOENT)
        }
        try checkRegular(found, operation, path)
        let file = try FileDescriptor(opening: path, O_RDONLY | O_NONBLOCK, operation)
        let opened = try file.status(operation, path)
        try checkRegular(opened, operation, path)
        guard opened.size <= limit else { throw tooLarge(path, limit) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(opened.size)
        while true {
            // One byte more than allowed, for files that grow and for /proc, where the size is 0.
            let capacity = min(limit - bytes.count + 1, 1 << 16)
            let chunk = try file.read(operation, path, capacity: capacity)
            if chunk.isEmpty { return bytes }
            bytes += chunk
            guard bytes.count <= limit else { throw tooLarge(path, limit) }
        }
    }

    /// Asks what stands at a path, without following a link there.
    ///
    /// - Parameter path: The path to look at.
    /// - Returns: The status, or `nil` if nothing stands there.
    /// - Throws: ``SystemError`` if a directory on the way may not be searched.
    public static func status(_ path: String) throws(SystemError) -> FileStatus? {
        try status(path, followingLinks: false, "cannot look at")
    }

    /// Asks whether something stands at a path, following links.
    ///
    /// - Parameter path: The path to look at.
    /// - Returns: `false` also for a link that leads nowhere.
    /// - Throws: ``SystemError`` if a directory on the way may not be searched.
    public static func exists(_ path: String) throws(SystemError) -> Bool {
        try status(path, followingLinks: true, "cannot look at") != nil
    }

    /// Finds where a path leads when all links on the way are followed.
    ///
    /// - Parameter path: The path of something that exists.
    /// - Returns: The absolute path without links.
    /// - Throws: ``SystemError`` if nothing is there, or a directory on the way may not be searched.
    public static func realPath(_ path: String) throws(SystemError) -> String {
        let operation = "cannot look at"
        try SystemError.checkPath(operation, path)
        guard let real = unsafe realpath(path, nil) else { throw SystemError(operation, path, code: errno) }
        defer { unsafe free(real) }
        return unsafe String(cString: real)
    }

    /// Asks whether a file can be run as a program, following links.
    ///
    /// - Parameter path: The file.
    /// - Returns: `false` also for a file on a file system from which nothing is run.
    /// - Throws: ``SystemError`` if there is no such file, or a directory on the way may not be searched.
    public static func isExecutable(_ path: String) throws(SystemError) -> Bool {
        let operation = "cannot look at"
        guard try status(path, followingLinks: true, operation) != nil else {
            throw SystemError(operation, path, code: ENOENT)
        }
        return unsafe faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0
    }

    /// Lists a directory.
    ///
    /// - Parameters:
    ///   - directory: The directory, or a link to one.
    ///   - limit: The number of names above which the directory is refused.
    /// - Returns: The names in it, sorted by their bytes, without `.` and `..`.
    /// - Throws: ``SystemError`` if it is no directory, cannot be read or holds too many names.
    public static func list(_ directory: String, limit: Int = 100_000) throws(SystemError) -> [String] {
        let operation = "cannot list"
        let opened = try FileDescriptor(opening: directory, O_RDONLY | O_DIRECTORY | O_NONBLOCK, operation)
        let listing = try DirectoryListing(adopting: opened, operation, directory)
        let names = try listing.names(operation, directory, limit: limit)
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// Asks for a status; `nil` if nothing stands at the path.
    static func status(
        _ path: String,
        followingLinks: Bool,
        _ operation: String,
    ) throws(SystemError) -> FileStatus? {
        try SystemError.checkPath(operation, path)
        var raw = stat()
        do throws(SystemError) {
            try SystemError.check(operation, path) {
                unsafe fstatat(AT_FDCWD, path, &raw, followingLinks ? 0 : AT_SYMLINK_NOFOLLOW)
            }
        } catch {
            if error.isNotFound { return nil }
            throw error
        }
        var status = FileStatus(raw)
        if status.kind == .symbolicLink { status.target = try linkTarget(path, operation) }
        return status
    }

    private static func linkTarget(_ path: String, _ operation: String) throws(SystemError) -> String {
        var target = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = try SystemError.check(operation, path) { unsafe readlink(path, &target, target.count) }
        return String(decoding: target[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    private static func checkRegular(
        _ status: FileStatus,
        _ operation: String,
        _ path: String,
    ) throws(SystemError) {
        if status.kind == .regular { return }
        let code = status.kind == .directory ? EISDIR : EINVAL
        throw SystemError(operation, path, code: code, detail: "is a \(status.kind.rawValue)")
    }

    private static func tooLarge(_ path: String, _ limit: Int) -> SystemError {
        SystemError("cannot read", path, code: EFBIG, detail: "is larger than \(limit) bytes")
    }
}
