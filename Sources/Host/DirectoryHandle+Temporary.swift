import Base
import Glibc

/// Files that are written under a temporary name and then renamed, and what killed processes leave of them.
extension DirectoryHandle {
    /// Creates a file that only its owner may read, and locks it: a file without a lock has no writer any more.
    func makeFile(_ name: String, _ operation: String) throws(SystemError) -> FileLock {
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        while true {
            let file = FileDescriptor(
                adopting: try SystemError.check(operation, full(name)) {
                    unsafe openat(descriptor.raw, name, flags, 0o600)
                }
            )
            // A file system without locks refuses; there nothing is removed as abandoned either.
            flock(file.raw, LOCK_EX)
            // Another process may have taken it for abandoned before it was locked.
            if try FileStatus.at(name, in: descriptor.raw, followingLinks: false, operation) != nil {
                return FileLock(adopting: file)
            }
        }
    }

    /// Removes the temporary files that killed processes have left beside an entry.
    ///
    /// Removed is only what has a name from `PathParts.temporaryName()`, belongs to this process's user and has no
    /// writer. A directory that was moved aside stays: its files are not the agent's. What cannot be removed stays as well.
    ///
    /// - Parameter name: The name of the entry.
    public func removeAbandoned(of name: String) {
        for found in (try? names()) ?? [] where PathParts.isTemporary(found, of: name) {
            guard let status = try? FileStatus.at(found, in: descriptor.raw, followingLinks: false, "cannot look at"),
                status.owner == geteuid()
            else { continue }
            switch status.kind {
            case .regular: removeAbandonedFile(found)
            // A link cannot be locked. It is renamed at once, so one that is seconds old has no writer.
            case .symbolicLink where Timestamp.now().seconds - status.modified > 10: discard(found)
            default: continue
            }
        }
    }

    private func removeAbandonedFile(_ name: String) {
        let opened = unsafe openat(descriptor.raw, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard opened >= 0 else { return }
        let file = FileDescriptor(adopting: opened)
        guard flock(file.raw, LOCK_EX | LOCK_NB) == 0 else { return }
        // While the lock is held: a writer that waits for it then finds the file gone.
        discard(name)
        withExtendedLifetime(file) {}
    }
}

extension FileSystem {
    /// Removes the temporary files that killed processes have left beside a file or link.
    ///
    /// - Parameter path: The path that they were to be renamed to.
    public static func removeAbandoned(of path: String) {
        let operation = "cannot list"
        guard let parts = try? PathParts(path, operation),
            let directory = try? DirectoryHandle(opening: parts.directory, operation)
        else { return }
        directory.removeAbandoned(of: parts.name)
    }
}

extension PathParts {
    private static let marker = "nest-bootstrap-"

    /// A hidden name in the same directory that nothing else uses.
    func temporaryName() -> String {
        let random = String(UInt64.random(in: .min ... .max), radix: 16)
        let digits = String(repeating: "0", count: 16 - random.count) + random
        return "\(Self.temporaryPrefix(of: name))\(digits).tmp"
    }

    /// Whether a name is a temporary one of an entry.
    static func isTemporary(_ name: String, of entry: String) -> Bool {
        let prefix = temporaryPrefix(of: entry)
        guard name.hasPrefix(prefix), name.hasSuffix(".tmp") else { return false }
        let digits = name.utf8.dropFirst(prefix.utf8.count).dropLast(4)
        return digits.count == 16
            && digits.allSatisfy {
                UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || UInt8(ascii: "a")...UInt8(ascii: "f") ~= $0
            }
    }

    private static func temporaryPrefix(of name: String) -> String {
        // A name has at most 255 bytes, which the entry's own may fill.
        ".\(String(decoding: name.utf8.prefix(200), as: UTF8.self)).\(marker)"
    }
}
