public import Base
import Glibc

/// Directories in which root writes, also where other users control what is on the way to them.
extension FileSystem {
    /// The directories, without links, in which programs may have made links as root: these do not lead root out of them.
    ///
    /// They are those of the configuration that was read last.
    public static let programDirectories = Locked<[String]>([])

    /// Finds the directory that a path leads to, unless another user, or a program in its sandbox, could make it lead elsewhere.
    ///
    /// A process that is not root can write only where the system lets it.
    ///
    /// - Parameters:
    ///   - directory: The directory, which need not exist.
    ///   - operation: What the error says.
    /// - Returns: The path without links.
    /// - Throws: ``Base/SystemError`` with code `EACCES` if a link of another user leads to a directory that is not that user's,
    ///   or a link in one of ``programDirectories`` out of it.
    public static func directoryForWriting(_ directory: String, _ operation: String) throws(SystemError) -> String {
        guard geteuid() == 0 else { return directory }
        var walk = PathWalk(directory, operation)
        return try walk.reachForWriting(outside: programDirectories.withLock { $0 })
    }

    /// Creates a directory and all missing directories above it, behind a link of another user only in that user's directories.
    ///
    /// - Parameter path: The directory.
    /// - Throws: ``Base/SystemError`` as ``directoryForWriting(_:_:)``, or if it cannot be created.
    public static func makeDirectoriesForWriting(_ path: String) throws(SystemError) {
        _ = try DirectoryHandle(creatingForWriting: path, "cannot create directory")
    }
}

extension DirectoryHandle {
    /// Opens a directory to write in it, and creates what is missing of it.
    ///
    /// Root follows no link that appears after the path was examined.
    ///
    /// - Parameters:
    ///   - path: The directory.
    ///   - operation: What the error says.
    /// - Throws: ``Base/SystemError`` as ``FileSystem/directoryForWriting(_:_:)``, or if the system refuses.
    init(creatingForWriting path: String, _ operation: String) throws(SystemError) {
        guard geteuid() == 0 else {
            try FileSystem.makeDirectories(path)
            try self.init(opening: path, operation)
            return
        }
        let place = try FileSystem.directoryForWriting(path, operation)
        // Reports a link to nothing, and a file that is in the way.
        try FileSystem.checkDirectories(above: path == "/" ? "/file" : "\(path)/file")
        let root = try FileDescriptor(opening: "/", O_RDONLY | O_DIRECTORY, operation)
        var handle = DirectoryHandle(adopting: root, "/")
        for part in place.pathParts where part != "." { handle = try handle.enter(String(part), operation) }
        self.init(adopting: try handle.open(".", O_RDONLY | O_DIRECTORY, operation), path)
    }

    private func enter(_ name: String, _ operation: String) throws(SystemError) -> DirectoryHandle {
        do throws(SystemError) {
            return try openDirectory(name, operation)
        } catch {
            guard error.code == ENOENT else { throw error }
            if unsafe mkdirat(descriptor.raw, name, 0o755) != 0, errno != EEXIST {
                throw SystemError("cannot create directory", full(name), code: errno)
            }
            return try openDirectory(name, operation)
        }
    }
}
