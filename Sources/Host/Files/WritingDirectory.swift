public import Base
import Glibc

/// Directories that root writes, even if other users control a part of the path to them.
extension FileSystem {
    /// The directories, without links, in which programs may have created links as root.
    ///
    /// Root does not follow such a link out of the directory. The list comes from the last configuration that
    /// was read.
    public static let programDirectories = Locked<[String]>([])

    /// Resolves the path of a directory, and refuses a path that another user or a program could redirect.
    ///
    /// For a process that is not root, the path is not examined, because the system limits what the process can write.
    ///
    /// - Parameters:
    ///   - directory: The directory, which need not exist.
    ///   - operation: The operation that errors name.
    /// - Returns: The path without links.
    /// - Throws: ``Base/SystemError`` with the code `EACCES` if a link of another user leads to a directory that is not
    ///   that user's, or a link in one of ``programDirectories`` leads out of it.
    public static func directoryForWriting(_ directory: String, _ operation: String) throws(SystemError) -> String {
        guard geteuid() == 0 else { return directory }
        var walk = PathWalk(directory, operation)
        return try walk.reachForWriting(outside: programDirectories.withLock { $0 })
    }

    /// Creates a directory and all missing directories above it.
    ///
    /// Behind a link of another user, directories are created only in that user's directories.
    ///
    /// - Parameter path: The directory.
    /// - Throws: ``Base/SystemError`` as for ``directoryForWriting(_:_:)``, or if a directory cannot be created.
    public static func makeDirectoriesForWriting(_ path: String) throws(SystemError) {
        _ = try DirectoryHandle(creatingForWriting: path, "cannot create directory")
    }
}

/// An open directory in which several files are written.
public final class WritingDirectory: Sendable {
    let handle: DirectoryHandle

    /// Opens a directory, and creates missing directories.
    ///
    /// - Parameters:
    ///   - path: The directory.
    ///   - operation: The operation that errors name.
    /// - Throws: ``Base/SystemError`` as for ``FileSystem/directoryForWriting(_:_:)``, or if the system refuses.
    public init(_ path: String, _ operation: String = "cannot write") throws(SystemError) {
        handle = try DirectoryHandle(creatingForWriting: path, operation)
    }

    /// Opens a directory, unless it is open already.
    static func open(
        _ path: String,
        unless opened: WritingDirectory?,
        _ operation: String,
    ) throws(SystemError) -> WritingDirectory {
        if let opened { return opened }
        return try WritingDirectory(path, operation)
    }
}

extension DirectoryHandle {
    /// Opens a directory to write in it, and creates missing directories.
    ///
    /// Root follows no link that appears after the path was examined.
    ///
    /// - Parameters:
    ///   - path: The directory.
    ///   - operation: The operation that errors name.
    /// - Throws: ``Base/SystemError`` as for ``FileSystem/directoryForWriting(_:_:)``, or if the system refuses.
    init(creatingForWriting path: String, _ operation: String) throws(SystemError) {
        guard geteuid() == 0 else {
            try FileSystem.makeDirectories(path)
            try self.init(opening: path, operation)
            return
        }
        let place = try FileSystem.directoryForWriting(path, operation)
        // This check reports a dangling link, and a file that is in the way.
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
            let code = unsafe mkdirat(descriptor.raw, name, 0o755) == 0 ? 0 : errno
            if code != 0, code != EEXIST { throw SystemError("cannot create directory", full(name), code: code) }
            let opened = try openDirectory(name, operation)
            // The mask of the process does not apply: other users need the directories above what they use.
            if code == 0 {
                let directory = try opened.open(".", O_RDONLY | O_DIRECTORY, operation)
                try SystemError.check("cannot create directory", full(name)) { fchmod(directory.raw, 0o755) }
            }
            return opened
        }
    }
}
