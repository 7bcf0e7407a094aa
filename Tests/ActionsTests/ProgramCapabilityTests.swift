import Host
import Testing

@testable import Actions

/// The capabilities that programs lacked, by their last lines.
@Suite(.timeLimit(.minutes(30)))
struct ProgramCapabilityTests {
    @Test(
        arguments: [
            ("chown: changing ownership of '/x': Operation not permitted", .chown),
            ("chown: changing ownership of '/x': Invalid argument", .chown),
            ("mount: /mnt: permission denied.", .sysAdmin),
            ("RTNETLINK answers: Operation not permitted", .netAdmin),
            (
                "iptables v1.8.9 (nf_tables): Could not fetch rule set generation id: Permission denied (you must be root)",
                .netAdmin
            ),
            ("modprobe: ERROR: could not insert 'x': Operation not permitted", .sysModule),
            ("mknod: /dev/x: Operation not permitted", .mknod),
            ("date: cannot set date: Operation not permitted", .sysTime),
            ("chown: invalid user: 'x'", nil), ("mount: /mnt: unknown filesystem type 'x'.", nil),
            ("cat: /x: Permission denied", nil),
        ] as [(String, Privileges.Capability?)]
    )
    func `the program names its capability`(line: String, capability: Privileges.Capability?) {
        #expect(ProgramCapability.missing(in: line) == capability)
    }
}
