import Base
import Glibc
import TestSupport
import Testing

@testable import Host

/// The privileges of root, from texts of the kernel.
@Suite(.temporaryDirectory, .timeLimit(.minutes(30)))
struct PrivilegesTests {
    private static let all: UInt64 = 0x1FF_FFFF_FFFF
    private static let whole = "         0          0 4294967295\n"

    private func privileges(_ effective: UInt64, _ bounding: UInt64, map: String = whole) throws -> Privileges {
        let status = """
            Name:\tx
            CapInh:\t0000000000000000
            CapEff:\t\(String(effective, radix: 16))
            CapBnd:\t\(String(bounding, radix: 16))

            """
        return try #require(Privileges(status: status, map: map))
    }

    @Test func `the names of capabilities are those of the kernel`() {
        let names = Privileges.Capability.allCases.map(\.name)
        #expect(names.prefix(5) == ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_KILL", "CAP_NET_ADMIN"])
        #expect(names.contains("CAP_SYS_ADMIN") && names.contains("CAP_MKNOD") && names.contains("CAP_SETFCAP"))
    }

    @Test func `root with all capabilities is not at fault`() throws {
        let root = try privileges(Self.all, Self.all)
        #expect(Privileges.Capability.allCases.allSatisfy { root.fault(without: $0) == nil })
        #expect(Privileges(status: "Name:\tx\n", map: Self.whole) == nil)
    }

    @Test func `a capability that is excluded or was dropped is named`() throws {
        let fewer = Self.all & ~1
        let excluded = try privileges(fewer, fewer)
        #expect(
            excluded.fault(without: .chown)
                == .init(
                    reason: "this process runs as root without CAP_CHOWN",
                    advice:
                        "add CAP_CHOWN to 'CapabilityBoundingSet=' of its unit, or '--cap-add CHOWN' to the options of its "
                        + "container"
                )
        )
        #expect(
            excluded.fault(without: .chown, isProgram: true)?.reason == "it runs as root without CAP_CHOWN"
        )
        #expect(excluded.fault(without: .sysAdmin) == nil)
        let dropped = try privileges(fewer, Self.all)
        #expect(
            dropped.fault(without: .chown)?.advice
                == "write 'AmbientCapabilities=CAP_CHOWN' in its unit, or start it with all capabilities of root"
        )
        // A program that root starts has the capabilities of the bounding set.
        #expect(dropped.fault(without: .chown, isProgram: true) == nil)
    }

    @Test func `root of a user namespace is named`() throws {
        let root = try privileges(Self.all, Self.all, map: "         0       1000          1\n")
        #expect(
            root.fault(without: .sysAdmin)
                == .init(
                    reason: "this process is root only in its user namespace (its uid_map is '0 1000 1')",
                    advice:
                        "run nest-bootstrap as root of the machine, not in a user namespace such as that of a rootless "
                        + "container"
                )
        )
        // The file belongs to a user of this namespace.
        let own = TemporaryDirectory.file("x")
        #expect(root.fault(without: .dacOverride, path: own)?.reason.hasPrefix("this process is root only") == true)
    }

    @Test(.enabled(if: geteuid() == 0)) func `a file of a user outside of a namespace is named`() throws {
        let path = TemporaryDirectory.file("x")
        try FileSystem.write([1], to: path, mode: 0o600)
        try #require(unsafe chown(path, 65534, 65534) == 0)
        let root = try privileges(Self.all, Self.all, map: "0 1000 1\n")
        #expect(
            root.fault(without: .dacOverride, path: "\(path)/below")?.reason
                == "'\(path)' belongs to a user that the user namespace of this process does not have (its uid_map is "
                + "'0 1000 1')"
        )
    }
}
