import Glibc

extension FileSystem {
    /// Finds a user's number.
    ///
    /// Asks the system's user database, which may be on the network: call it inside ``onThread(_:)``.
    ///
    /// - Parameter name: The user's name, else its number in decimal.
    /// - Returns: The number; one written in decimal need not belong to a user.
    /// - Throws: ``SystemError`` if there is no such user or the database cannot be asked.
    public static func lookupUser(_ name: String) throws(SystemError) -> UInt32 {
        unsafe try lookup(name, "cannot find user", "user") { name, buffer, room in
            var entry = unsafe passwd()
            var found: UnsafeMutablePointer<passwd>?
            let code = unsafe getpwnam_r(name, &entry, buffer, room, &found)
            return unsafe (code, found?.pointee.pw_uid)
        }
    }

    /// Finds a group's number, as ``lookupUser(_:)`` finds a user's.
    ///
    /// - Parameter name: The group's name, else its number in decimal.
    /// - Returns: The number; one written in decimal need not belong to a group.
    /// - Throws: ``SystemError`` if there is no such group or the database cannot be asked.
    public static func lookupGroup(_ name: String) throws(SystemError) -> UInt32 {
        unsafe try lookup(name, "cannot find group", "group") { name, buffer, room in
            var entry = unsafe group()
            var found: UnsafeMutablePointer<group>?
            let code = unsafe getgrnam_r(name, &entry, buffer, room, &found)
            return unsafe (code, found?.pointee.gr_gid)
        }
    }

    /// Asks the database with ever more room for its answer, then takes the name for a number.
    private static func lookup(
        _ name: String,
        _ operation: String,
        _ kind: String,
        _ ask: (String, UnsafeMutablePointer<CChar>, Int) -> (CInt, UInt32?),
    ) throws(SystemError) -> UInt32 {
        try SystemError.checkPath(operation, name)
        var room = 1 << 10
        while true {
            var buffer = [CChar](repeating: 0, count: room)
            let (code, number) = unsafe ask(name, &buffer, room)
            if let number { return number }
            if code == ERANGE, room < 1 << 20 {
                room *= 2
            } else if code == EINTR {
                continue
            } else if let number = UInt32(name), number < .max {
                return number
            } else {
                // These are the codes with which databases say that they do not know the name.
                let isUnknown = [0, ENOENT, ESRCH, EBADF, EPERM].contains(code)
                throw SystemError(operation, name, code: code, detail: isUnknown ? "there is no such \(kind)" : nil)
            }
        }
    }
}
