public import Base
import Glibc

extension FileSystem {
    /// Refuses a path that another user could change before root acts on it, as sudo, ssh and cron do.
    ///
    /// Every directory and link on the way, and the file itself, must belong to root and be writable by no other user. A
    /// directory with the sticky bit may be: in it nobody can replace what belongs to another. Group 0 counts as root.
    /// A unit that does not run as root has rights in the cluster, so the same holds there; of a directory that it cannot
    /// enter it sees owner and permissions. Any other user's process trusts what it can read: it has no rights that others
    /// could gain.
    ///
    /// - Parameters:
    ///   - path: The path; what does not exist is not refused.
    ///   - isData: Whether root only reads it, such as a certificate. Such a file, or its directory, may belong to the
    ///     account of a service, which has a number below 1000.
    ///   - exceptFile: Whether the file itself may belong to anybody and be writable by anybody, because what it says is only
    ///     compared. Nobody but root and services can put another file or a link in its place.
    /// - Throws: ``Base/SystemError`` with the part of the path that is not safe, and what to type.
    public static func requireTrusted(
        _ path: String,
        isData: Bool = false,
        exceptFile: Bool = false,
    ) throws(SystemError) {
        guard Machine.isRoot || Machine.isUnit else { return }
        // A path that cannot be examined cannot be read either, which has a better message.
        if let root = try? FileStatus.at("/", followingLinks: false, trusting) {
            try root.requireTrusted("/", ownersBelow: 1)
        }
        var walk = PathWalk(path, trusting)
        while let step = try walk.next() {
            if exceptFile, step.status.kind == .regular { continue }
            try step.status.requireTrusted(
                step.path,
                ownersBelow: isData ? FileStatus.serviceAccountEnd : 1,
                isOnWay: true
            )
        }
    }

    private static let trusting = "cannot trust"

    /// Refuses a file with a secret that other users of the node can read.
    ///
    /// The group may read it if it belongs to root, as PostgreSQL allows for keys: `root:ssl-cert`, mode 0640. Permissions
    /// do not matter below a directory that others cannot enter.
    ///
    /// - Parameter path: The path; what does not exist is not refused.
    /// - Throws: ``Base/SystemError`` with what to type.
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
            advice: "run \(quotedShellLine(["chmod", "0600", path]))"
        )
    }

    /// Whether every user may enter all directories above a path without links.
    public static func isReachableByAll(_ path: String) -> Bool { isReachable(path, by: 0o001) }

    /// Whether all directories above a path without links may be entered with one of some permissions.
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
    /// Owner, group and permissions in messages.
    fileprivate var permissionText: String {
        "owner \(owner), group \(group), mode 0\(String(mode, radix: 8))"
    }

    /// The accounts of services have lower numbers, as systemd and Debian's policy say.
    static let serviceAccountEnd: UInt32 = 1000

    /// Refuses what a user other than root, or than those below a number, could change.
    func requireTrusted(_ path: String, ownersBelow end: UInt32 = 1, isOnWay: Bool = false) throws(SystemError) {
        // A device, FIFO or socket is refused where a file is read.
        guard [.regular, .directory, .symbolicLink].contains(kind) else { return }
        let isForeign = owner >= end
        let isSticky = kind == .directory && mode & 0o1000 != 0
        let isShared = kind != .symbolicLink && !isSticky && (mode & 0o002 != 0 || mode & 0o020 != 0 && group != 0)
        guard isForeign || isShared else { return }
        let commands =
            (isForeign ? [["chown"] + (kind == .symbolicLink ? ["-h"] : []) + ["root", path]] : [])
            + (isShared ? [["chmod", "go-w", path]] : [])
        // A directory on the way to a file may be the home of a person.
        let isPersonal = isOnWay && kind == .directory && isForeign
        throw SystemError(
            "cannot trust",
            path,
            code: EPERM,
            detail: "a user other than root can change it (\(permissionText))",
            advice: isPersonal
                ? "copy the file to a directory of root" : "run \(quotedShellLine(commands))"
        )
    }
}

extension FileSystem {
    /// How long the user database may take where no task has a deadline.
    public static let accountLookupLimit = Duration.seconds(10)

    /// Finds a user's number.
    ///
    /// - Parameters:
    ///   - name: The user's name, else its number in decimal.
    ///   - deadline: When to stop waiting for the user database, which may be on the network.
    /// - Returns: The number; one written in decimal need not belong to a user.
    /// - Throws: ``Base/SystemError`` if no such user or the database does not answer.
    public static func lookupUser(
        _ name: String,
        until deadline: ContinuousClock.Instant,
    ) async throws(SystemError) -> UInt32 {
        let number = try await onThread(until: deadline) { () throws(SystemError) in try user(name) }
        guard let number else { throw unanswered("cannot find user", name, database: "passwd") }
        return number
    }

    /// Finds a group's number; see ``lookupUser(_:until:)``.
    ///
    /// - Parameters:
    ///   - name: The group's name, else its number in decimal.
    ///   - deadline: When to stop waiting for the user database.
    /// - Returns: The number; one written in decimal need not belong to a group.
    /// - Throws: ``Base/SystemError`` if no such group or the database does not answer.
    public static func lookupGroup(
        _ name: String,
        until deadline: ContinuousClock.Instant,
    ) async throws(SystemError) -> UInt32 {
        let number = try await onThread(until: deadline) { () throws(SystemError) in try group(name) }
        guard let number else { throw unanswered("cannot find group", name, database: "group") }
        return number
    }

    private static func unanswered(_ operation: String, _ name: String, database: String) -> SystemError {
        SystemError(
            operation,
            name,
            code: ETIMEDOUT,
            detail: "the user database does not answer",
            advice: "'getent \(database) \(name)' must answer: check the services that /etc/nsswitch.conf names"
        )
    }

    private static func user(_ name: String) throws(SystemError) -> UInt32 {
        unsafe try lookup(name, "cannot find user", "user") { name, buffer, capacity in
            var entry = unsafe passwd()
            var found: UnsafeMutablePointer<passwd>?
            let code = unsafe getpwnam_r(name, &entry, buffer, capacity, &found)
            return unsafe (code, found?.pointee.pw_uid)
        }
    }

    private static func group(_ name: String) throws(SystemError) -> UInt32 {
        unsafe try lookup(name, "cannot find group", "group") { name, buffer, capacity in
            var entry = unsafe Glibc.group()
            var found: UnsafeMutablePointer<group>?
            let code = unsafe getgrnam_r(name, &entry, buffer, capacity, &found)
            return unsafe (code, found?.pointee.gr_gid)
        }
    }

    /// Queries the database with a growing buffer; a name that is unknown is read as a number.
    private static func lookup(
        _ name: String,
        _ operation: String,
        _ kind: String,
        _ ask: (String, UnsafeMutablePointer<CChar>, Int) -> (CInt, UInt32?),
    ) throws(SystemError) -> UInt32 {
        try SystemError.checkPath(operation, name)
        var capacity = 1 << 10
        while true {
            var buffer = [CChar](repeating: 0, count: capacity)
            let (code, number) = unsafe ask(name, &buffer, capacity)
            if let number { return number }
            if code == ERANGE, capacity < 1 << 20 {
                capacity *= 2
            } else if code == EINTR {
                continue
            } else if let number = UInt32(name), number < .max {
                return number
            } else {
                // Databases report an unknown name with one of these codes.
                let isUnknown = [0, ENOENT, ESRCH, EBADF, EPERM].contains(code)
                throw SystemError(operation, name, code: code, detail: isUnknown ? "no such \(kind)" : nil)
            }
        }
    }
}
