import Host

/// The capability that a program needed and did not have, by the line with which it ended.
enum ProgramCapability {
    /// The beginnings of the lines of programs that need one capability only, in small letters.
    private static let beginnings: [(String, Privileges.Capability)] = [
        ("iptables", .netAdmin), ("ip6tables", .netAdmin), ("ebtables", .netAdmin), ("ipset", .netAdmin),
        ("ipvsadm", .netAdmin), ("rtnetlink answers", .netAdmin), ("error: could not process rule", .netAdmin),
        ("ping: ", .netRaw), ("modprobe: error", .sysModule), ("insmod: error", .sysModule),
        ("rmmod: error", .sysModule),
        ("date: cannot set date", .sysTime), ("hwclock: ", .sysTime), ("chown: ", .chown), ("chgrp: ", .chown),
        ("chmod: ", .fowner), ("mknod: ", .mknod), ("mount: ", .sysAdmin), ("umount: ", .sysAdmin),
        ("losetup: ", .sysAdmin), ("swapon: ", .sysAdmin), ("swapoff: ", .sysAdmin), ("hostname: ", .sysAdmin),
        ("unshare: ", .sysAdmin), ("nsenter: ", .sysAdmin), ("chroot: ", .sysChroot), ("dmesg: ", .syslog),
        ("renice: ", .sysNice), ("chrt: ", .sysNice), ("ionice: ", .sysNice), ("prlimit: ", .sysResource),
        ("kill: ", .kill), ("reboot: ", .sysBoot), ("failed to set capabilities on file", .setfcap),
    ]

    private static let refusals = [
        "operation not permitted", "permission denied", "must be root", "must be superuser", "are you root",
        "requires root",
    ]

    /// Returns the capability that a program lacked.
    ///
    /// - Parameter line: A line of its output.
    /// - Returns: The capability, `nil` if the line does not say that something was refused, or not by which program.
    static func missing(in line: String) -> Privileges.Capability? {
        let message = line.lowercased()
        // The kernel refuses owners that a user namespace does not have with EINVAL.
        if message.hasPrefix("chown: "), message.hasSuffix("invalid argument") { return .chown }
        guard refusals.contains(where: message.contains) else { return nil }
        return beginnings.first { message.hasPrefix($0.0) }?.1
    }
}
