public import Base
import Glibc

extension FileSystem {
    /// Refuses a path that another user could change before root acts on it; sudo, ssh and cron have similar checks.
    ///
    /// Every directory and link on the way, and the file itself, must belong to root and be writable only by root. A
    /// directory with the sticky bit may be writable, because no user can replace another user's files in it. Group 0
    /// counts as root. Only root and confined processes are subject to these rules, because other processes have no
    /// permissions that another user could gain.
    ///
    /// - Parameters:
    ///   - path: The path, of which only the existing parts are examined.
    ///   - isData: Whether the file is data that root only reads, such as a certificate. Such a file and the
    ///     directories above it may belong to a service account, which has a user ID below 1000. Without `exceptFile`,
    ///     root also follows links only as ``directoryForWriting(_:_:)`` allows.
    ///   - exceptFile: Whether any user may own or write the file itself, because its content is only compared.
    /// - Throws: ``Base/SystemError`` with the part of the path that is not trusted, and advice to correct it.
    public static func requireTrusted(
        _ path: String,
        isData: Bool = false,
        exceptFile: Bool = false,
    ) throws(SystemError) {
        guard Machine.isRoot || Machine.isConfined else { return }
        // A path that cannot be examined cannot be read either, and the read error is clearer.
        if let root = try? FileStatus.at("/", followingLinks: false, trusting) {
            try root.requireTrusted("/", ownersBelow: 1)
        }
        var walk = PathWalk(path, trusting)
        var hasLink = false
        while let step = try walk.next() {
            if step.status.kind == .symbolicLink { hasLink = true }
            if exceptFile, step.status.kind == .regular { continue }
            try step.status.requireTrusted(
                step.path,
                ownersBelow: isData ? FileStatus.serviceAccountEnd : 1,
                isOnWay: true
            )
        }
        if hasLink, isData, !exceptFile, Machine.isRoot { _ = try directoryForWriting(path, trusting) }
    }

    private static let trusting = "cannot trust"

    /// Refuses a secret file that other users can access; the error contains a command that restricts the access.
    ///
    /// If the owner or the group is root, the group may access the file, for example as `root:ssl-cert`, mode 0640.
    /// Permissions do not matter below a directory that other users cannot enter. A path that cannot be resolved is not
    /// refused.
    public static func requirePrivate(_ path: String) throws(SystemError) {
        guard let real = try? realPath(path), let status = try FileStatus.at(real, followingLinks: true, trusting)
        else {
            return
        }
        let isOpenToAll = status.mode & 0o007 != 0 && isReachableByAll(real)
        let isOthersGroup = status.owner != 0 && status.group != 0
        let isOpenToGroup = status.mode & 0o070 != 0 && isOthersGroup && isReachable(real, by: 0o011)
        guard isOpenToAll || isOpenToGroup else { return }
        let readers = isOpenToAll ? "every user of the node" : "group \(status.group)"
        throw SystemError(
            "cannot use private key",
            path,
            code: EPERM,
            detail: "\(readers) can read it (\(status.permissionText))",
            advice: "run \(quotedShellLine(["chmod", "0600", path]))",
        )
    }

    /// Returns whether every user may enter all directories above a real path.
    static func isReachableByAll(_ path: String) -> Bool { isReachable(path, by: 0o001) }

    /// Returns whether each directory above a real path has at least one of the given permissions.
    private static func isReachable(_ path: String, by permissions: UInt32) -> Bool {
        var path = path
        while let slash = path.lastSlash, slash != path.startIndex {
            path = String(path[..<slash])
            guard let directory = try? status(path), directory.mode & permissions != 0 else { return false }
        }
        return true
    }
}

extension FileStatus {
    fileprivate var permissionText: String {
        "owner \(owner), group \(group), mode 0\(String(mode, radix: 8))"
    }

    /// The user ID below which accounts are service accounts, according to systemd and the Debian policy.
    static let serviceAccountEnd: UInt32 = 1000

    /// Refuses a file whose owner has an ID of `end` or above, or that users other than its owner and root may write.
    func requireTrusted(_ path: String, ownersBelow end: UInt32 = 1, isOnWay: Bool = false) throws(SystemError) {
        // A device, FIFO or socket is refused when it is read.
        guard [.regular, .directory, .symbolicLink].contains(kind) else { return }
        let isForeign = owner >= end
        let isSticky = kind == .directory && mode & 0o1000 != 0
        let isShared = kind != .symbolicLink && !isSticky && (mode & 0o002 != 0 || mode & 0o020 != 0 && group != 0)
        guard isForeign || isShared else { return }
        let commands =
            (isForeign ? [["chown"] + (kind == .symbolicLink ? ["-h"] : []) + ["root", path]] : [])
            + (isShared ? [["chmod", "go-w", path]] : [])
        // A directory on the way to a file may be a user's home directory.
        let isPersonal = isOnWay && kind == .directory && isForeign
        throw SystemError(
            "cannot trust",
            path,
            code: EPERM,
            detail: "a user other than root can change it (\(permissionText))",
            advice: isPersonal
                ? "copy the file to a directory of root" : "run \(quotedShellLine(commands))",
        )
    }
}

extension FileSystem {
    /// Looks up the ID of a user or group by name; a decimal number that is not a name is the ID itself.
    ///
    /// - Throws: ``Base/SystemError`` if there is no such account, or if the user database, which may be remote,
    ///   does not respond by the deadline.
    public static func lookupAccount(
        _ name: String,
        isGroup: Bool = false,
        until deadline: ContinuousClock.Instant = .now + .seconds(10),
    ) async throws(SystemError) -> UInt32 {
        let kind = isGroup ? "group" : "user"
        let operation = "cannot find \(kind)"
        try SystemError.checkPath(operation, name)
        let found = try await onThread(until: deadline) { () throws(SystemError) in find(name, isGroup: isGroup) }
        guard let found else {
            throw SystemError(
                operation,
                name,
                code: ETIMEDOUT,
                detail: "the user database does not answer",
                advice: "'getent \(isGroup ? "group" : "passwd") \(name)' must answer: check the services that "
                    + "/etc/nsswitch.conf names"
            )
        }
        if let number = found.number { return number }
        if let number = UInt32(name), number < .max { return number }
        // Databases report an unknown name with one of these codes.
        let isUnknown = [0, ENOENT, ESRCH, EBADF, EPERM].contains(found.code)
        throw SystemError(operation, name, code: found.code, detail: isUnknown ? "no such \(kind)" : nil)
    }

    private static func find(_ name: String, isGroup: Bool) -> (number: UInt32?, code: CInt) {
        // The buffer is large because the entry of a group includes the names of all its members.
        let capacity = 1 << 20
        let buffer = UnsafeMutablePointer<CChar>.allocate(capacity: capacity)
        defer { unsafe buffer.deallocate() }
        if isGroup {
            var entry = unsafe group()
            var found: UnsafeMutablePointer<group>?
            let code = unsafe getgrnam_r(name, &entry, buffer, capacity, &found)
            return unsafe (found?.pointee.gr_gid, code)
        }
        var entry = unsafe passwd()
        var found: UnsafeMutablePointer<passwd>?
        let code = unsafe getpwnam_r(name, &entry, buffer, capacity, &found)
        return unsafe (found?.pointee.pw_uid, code)
    }
}
