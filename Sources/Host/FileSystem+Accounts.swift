public import Base
import Glibc

extension FileSystem {
    /// Finds a user's number.
    ///
    /// The user database may be on the network: call this inside `onThread(_:)`.
    ///
    /// - Parameter name: The user's name, else its number in decimal.
    /// - Returns: The number; one written in decimal need not belong to a user.
    /// - Throws: ``Base/SystemError`` if no such user or the database does not answer.
    public static func lookupUser(_ name: String) throws(SystemError) -> UInt32 {
        unsafe try lookup(name, "cannot find user", "user") { name, buffer, capacity in
            var entry = unsafe passwd()
            var found: UnsafeMutablePointer<passwd>?
            let code = unsafe getpwnam_r(name, &entry, buffer, capacity, &found)
            return unsafe (code, found?.pointee.pw_uid)
        }
    }

    /// Finds a group's number; see ``lookupUser(_:)``.
    ///
    /// - Parameter name: The group's name, else its number in decimal.
    /// - Returns: The number; one written in decimal need not belong to a group.
    /// - Throws: ``Base/SystemError`` if no such group or the database does not answer.
    public static func lookupGroup(_ name: String) throws(SystemError) -> UInt32 {
        unsafe try lookup(name, "cannot find group", "group") { name, buffer, capacity in
            var entry = unsafe group()
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
