import Glibc
import Host
import Testing

@Suite(.timeLimit(.minutes(5))) struct MachineTests {
    @Test func `the name of the machine is that of the kernel`() throws {
        let bytes = try FileSystem.read("/proc/sys/kernel/hostname", limit: 300)
        #expect(Machine.hostName() + "\n" == String(decoding: bytes, as: UTF8.self))
    }

    @Test func `the boot has one identifier`() throws {
        let identifier = try Machine.bootIdentifier()
        #expect(identifier.utf8.count == 36)
        #expect(try Machine.bootIdentifier() == identifier)
        // As systemd writes it for `%b`; a version that does not replace it keeps the letters.
        #expect(try Machine.bootIdentifier(identifier.filter { $0 != "-" }) == identifier)
        #expect(
            try Machine.bootIdentifier("0123456789abcdef0123456789abcdef") == "01234567-89ab-cdef-0123-456789abcdef"
        )
        #expect(try Machine.bootIdentifier("%b") == identifier)
    }

    @Test func `the environment keeps values with equals signs`() async {
        await #expect(processExitsWith: .success) {
            Kernel.setVariable("NEST_TEST", "a=b=")
            Kernel.setVariable("NEST_EMPTY", "")
            #expect(Machine.environment()["NEST_TEST"] == "a=b=")
            #expect(Machine.environment()["NEST_EMPTY"] == "")
        }
    }
}
