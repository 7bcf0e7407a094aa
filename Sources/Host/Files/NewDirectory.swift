public import Base
import Glibc

/// A directory to be created, or corrected if it exists.
public struct DirectorySettings: Sendable {
    public var path: String
    /// The permissions, regardless of the umask; the default is ``usualMode``, and applies only to a new directory.
    public var mode: UInt32?
    /// The owner; by default an existing directory keeps its owner, and a new one belongs to the process's user.
    public var owner: UInt32?
    /// The group; by default an existing directory keeps its group, and root gives a new one the process's group.
    public var group: UInt32?

    /// The default permissions of a new directory.
    public static let usualMode: UInt32 = 0o755

    public init(path: String, mode: UInt32? = nil, owner: UInt32? = nil, group: UInt32? = nil) {
        (self.path, self.mode, self.owner, self.group) = (path, mode, owner, group)
    }

    /// Corrects the owner, the group and the permissions of an open directory.
    fileprivate func apply(to directory: borrowing FileDescriptor, isNew: Bool, _ operation: String) throws(SystemError)
    {
        let raw = directory.raw
        let found = try FileStatus(descriptor: raw, operation, path)
        // A new directory inherits the group of a parent with the setgid bit.
        let group = group ?? (isNew && geteuid() == 0 ? getegid() : nil)
        if owner ?? found.owner != found.owner || group ?? found.group != found.group {
            // The largest number, which is -1 in C, leaves the owner or the group unchanged.
            try SystemError.check("cannot set the owner of", path) { fchown(raw, owner ?? .max, group ?? .max) }
        }
        guard let mode = mode ?? (isNew ? Self.usualMode : nil), mode != found.mode else { return }
        try SystemError.check(operation, path) { fchmod(raw, mode) }
    }
}

extension FileSystem {
    /// Reads the status of a directory without following a link; returns `nil` if nothing exists at the path.
    ///
    /// - Throws: ``Base/SystemError`` with the code `EEXIST` if something other than a directory is at the path.
    public static func directoryStatus(_ path: String) throws(SystemError) -> FileStatus? {
        try requireDirectory(try FileStatus.at(path, followingLinks: false, makingDirectory), path)
    }

    private static func requireDirectory(_ found: FileStatus?, _ path: String) throws(SystemError) -> FileStatus? {
        guard let found, found.kind != .directory else { return found }
        guard let target = found.target else { throw inTheWay(makingDirectory, path, found) }
        throw SystemError(
            makingDirectory,
            path,
            code: EEXIST,
            detail: "a symbolic link to '\(target)' is in the way",
            advice: "remove it, or write the path that it leads to"
        )
    }

    /// Creates a directory with its permissions and owner, or corrects those of an existing directory.
    ///
    /// Missing directories above it are created with mode 0755. A link at the path is refused. Root follows links above
    /// the path only as ``directoryForWriting(_:_:)`` allows.
    ///
    /// - Throws: ``Base/SystemError`` with the code `EEXIST` if something other than a directory is at the path.
    public static func makeDirectory(_ settings: DirectorySettings) throws(SystemError) {
        let parts = try PathParts(settings.path, makingDirectory)
        let parent = try DirectoryHandle(creatingForWriting: parts.directory, makingDirectory)
        let found = try requireDirectory(try parent.status(parts.name, makingDirectory), settings.path)
        var isNew = false
        if found == nil {
            // Until the owner and the group are set, no other user may write in the directory.
            let mode = (settings.mode ?? DirectorySettings.usualMode) & 0o755 | 0o700
            let code = unsafe mkdirat(parent.descriptor.raw, parts.name, mode) == 0 ? 0 : errno
            guard code == 0 || code == EEXIST else { throw SystemError(makingDirectory, settings.path, code: code) }
            isNew = code == 0
        }
        let directory = try parent.open(parts.name, O_RDONLY | O_DIRECTORY, makingDirectory)
        do throws(SystemError) {
            try settings.apply(to: directory, isNew: isNew, makingDirectory)
        } catch {
            if isNew { try? parent.removeDirectory(parts.name) }
            throw error
        }
        if isNew { try parent.synchronize(makingDirectory) }
    }
}

extension FileSystem {
    /// The real paths of the directories in which programs of tasks may create links.
    ///
    /// Root does not follow such a link out of its program directory. Reading a configuration sets the list.
    public static let programDirectories = Locked<[String]>([])

    /// Resolves the path of a directory, and refuses links with which another user or a program could redirect root.
    ///
    /// The directory need not exist. A link that another user controls may lead only to a path that this user owns, and
    /// a link in one of ``programDirectories`` only to an existing path in the same directory. A process that is not
    /// root may follow every link, because the system limits its access.
    ///
    /// - Throws: ``Base/SystemError`` with the code `EACCES` if a link is refused.
    public static func directoryForWriting(_ directory: String, _ operation: String) throws(SystemError) -> String {
        let absolute = directory.isAbsolutePath ? directory : "\(Machine.workingDirectory())/\(directory)"
        guard geteuid() == 0 else { return existingRealPath(absolute) }
        var walk = PathWalk(absolute, operation)
        return try walk.reachForWriting(outside: programDirectories.withLock { $0 })
    }
}
