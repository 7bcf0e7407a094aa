public import Base
import Glibc

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
