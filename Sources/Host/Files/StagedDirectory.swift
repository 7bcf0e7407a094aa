public import Base
import Glibc

/// A new version of a directory, prepared beside the old version, which it then replaces as a whole.
///
/// It begins as a copy whose files are hard links, so its files must be replaced, not written to. If it is not
/// published, `deinit` removes it. If the process is killed, the next process that takes the lock removes it.
public struct StagedDirectory: ~Copyable {
    /// The real path of the directory that is replaced.
    let target: String

    /// The path of the new version.
    public let path: String

    private let targetExists: Bool
    private var isOver = false

    private static let operation = "cannot replace directory"

    private static let depthLimit = 20

    /// Creates the new version of a directory; the directory need not exist.
    ///
    /// The caller must hold the lock that ``lock(_:until:onWait:)`` takes.
    public init(replacing target: String) throws(SystemError) {
        let target = FileSystem.existingRealPath(target)
        let parts = try PathParts(target, Self.operation)
        let path = "\(parts.directory)/\(parts.temporaryName)"
        let status = try FileSystem.status(target)
        if let status, status.kind != .directory {
            throw SystemError(Self.operation, target, code: ENOTDIR, detail: "is a \(status.kind.rawValue)")
        }
        // The exchange would also move a file system that is mounted in the directory.
        try DirectoryHandle(reaching: parts.directory, isCreating: false).requireNoMount(in: parts.name, Self.operation)
        do throws(SystemError) {
            try Self.makeDirectory(path, like: status)
            if status != nil { try Self.linkContents(of: target, in: path, depth: 0) }
        } catch {
            try? FileSystem.removeTree(path)
            // The message names the directory of the caller, not the temporary directory.
            throw error.subject == path
                ? SystemError(Self.operation, target, code: error.code, detail: error.detail) : error
        }
        (self.target, self.path, targetExists) = (target, path, status != nil)
    }

    deinit {
        if !isOver { try? FileSystem.removeTree(path) }
    }

    /// Takes the lock for replacing a directory or its siblings, as soon as no other process has it.
    ///
    /// The parent of the directory is created if it is missing. A version that a killed process has left is removed. If
    /// another process has the lock, `onWait` is called once. The result is `nil` at the deadline, or if the
    /// surrounding Swift task is cancelled.
    public static func lock(
        _ target: String,
        until deadline: ContinuousClock.Instant,
        onWait: () -> Void = {},
    ) async throws(SystemError) -> FileLock? {
        let parts = try PathParts(FileSystem.existingRealPath(target), operation)
        try FileSystem.makeDirectories(parts.directory)
        var isWaiting = false
        let taken = try await FileLock.wait(until: deadline) { () throws(SystemError) in
            if let lock = try DirectoryHandle(opening: parts.directory, operation).lock() { return lock }
            if !isWaiting { onWait() }
            isWaiting = true
            return nil
        }
        guard let lock = taken else { return nil }
        try DirectoryHandle(opening: parts.directory, operation).removeRemains(parts.temporaryName)
        return lock
    }

    /// Removes a file of the new version, and the file's subdirectory if it is then empty.
    public func remove(_ name: String) throws(SystemError) {
        try FileSystem.remove("\(path)/\(name)")
        guard let slash = name.lastSlash else { return }
        // The call fails unless the directory is empty.
        unsafe rmdir("\(path)/\(name[..<slash])")
    }

    /// Replaces the directory with the new version atomically.
    ///
    /// After an error, the directory is unchanged, and `deinit` removes the new version.
    public mutating func publish() throws(SystemError) {
        try Self.synchronize(path)
        let parts = try PathParts(target, Self.operation)
        let parent = try DirectoryHandle(opening: parts.directory, Self.operation)
        if targetExists {
            try parent.exchange(parts.temporaryName, with: parts.name, Self.operation)
        } else {
            try parent.rename(parts.temporaryName, to: parts.name, Self.operation)
        }
        isOver = true
        // The old version now has the temporary name. It is removed once the exchange is on the disk: until then, a
        // power failure may undo the exchange. If this process cannot remove it, the next process that takes the
        // lock does.
        do throws(SystemError) {
            try parent.synchronize(Self.operation)
            if targetExists { try FileSystem.removeTree(path) }
        } catch {}
    }

    /// Flushes the names in a directory and its subdirectories to the disk.
    private static func synchronize(_ path: String) throws(SystemError) {
        for name in try FileSystem.list(path) {
            let below = "\(path)/\(name)"
            if try FileSystem.status(below)?.kind == .directory { try synchronize(below) }
        }
        let directory = try DirectoryHandle(opening: path, operation)
        try directory.synchronize(operation)
    }

    private static func linkContents(of old: String, in new: String, depth: Int) throws(SystemError) {
        guard depth < depthLimit else {
            throw SystemError(operation, old, code: EFBIG, detail: "is deeper than \(depthLimit) directories")
        }
        for name in try FileSystem.list(old) {
            let (from, to) = ("\(old)/\(name)", "\(new)/\(name)")
            guard let status = try FileSystem.status(from) else { continue }
            if status.kind == .directory {
                try makeDirectory(to, like: status)
                try linkContents(of: from, in: to, depth: depth + 1)
            } else if status.kind == .symbolicLink,
                try FileStatus.at(from, followingLinks: true, operation)?.kind == .directory
            {
                // Files written through the link would not be part of the exchange.
                throw SystemError(operation, from, code: ELOOP, detail: "is a link to another directory")
            } else {
                // The call links a symbolic link itself, not its target.
                try SystemError.check(operation, from) { unsafe link(from, to) }
            }
        }
    }

    private static func makeDirectory(_ path: String, like old: FileStatus?) throws(SystemError) {
        try SystemError.check(operation, path) { unsafe mkdir(path, 0o700) }
        // The permissions come last, because no other user may enter before the owner is set.
        if let old, let new = try FileSystem.status(path), new.owner != old.owner || new.group != old.group {
            try SystemError.check(operation, path) { unsafe chown(path, old.owner, old.group) }
        }
        try SystemError.check(operation, path) { unsafe chmod(path, (old?.mode ?? 0o755) & 0o7777) }
    }
}
