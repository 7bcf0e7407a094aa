import Base
import Glibc
import TestSupport
import Testing

@testable import Host

@Suite(.temporaryDirectory, .timeLimit(.minutes(15))) struct SystemdTests {
    /// Asks the bus at an address for a unit and returns the printed error.
    private func message(_ unit: String, address: String) async -> String? {
        let error = await #expect(throws: SystemError.self) {
            try await Systemd.$busAddress.withValue(address) { try await Systemd.installedUnit(unit) }
        }
        return error?.description
    }

    @Test func `a missing bus is reported`() async {
        let address = "unix:path=\(TemporaryDirectory.file("bus"))"
        let words = "there is no system bus at '\(address)': No such file or directory"
        #expect(
            await message("a.service", address: address) == "cannot ask systemd for the state of 'a.service': \(words)"
        )
    }

    @Test func `an invalid address is reported`() async {
        let words = "cannot ask systemd for the state of 'a.timer': there is no system bus at 'nonsense': "
        #expect(await message("a.timer", address: "nonsense")?.hasPrefix(words) == true)
    }

    @Test func `a unit is masked by a link to /dev/null`() throws {
        let directory = TemporaryDirectory.file("units")
        try FileSystem.makeDirectories(directory)
        try FileSystem.makeSymbolicLink(at: "\(directory)/a.service", to: "/dev/null", replacing: false)
        try FileSystem.makeSymbolicLink(at: "\(directory)/b.service", to: "/etc/b.service", replacing: false)
        let masked = ["a", "b", "c"].filter { Systemd.isMasked("\($0).service", in: ["/nowhere", directory]) }
        #expect(masked == ["a"])
    }

    private static let daemon = "/usr/bin/dbus-daemon"

    @Test(.enabled(if: (try? FileSystem.exists(daemon)) == true))
    func `a bus without systemd is reported`() async throws {
        let path = TemporaryDirectory.file("bus")
        let address = "unix:path=\(path)"
        let (lines, continuation) = AsyncStream.makeStream(of: String.self)
        let bus = Command(
            Self.daemon,
            ["--session", "--nofork", "--nopidfile", "--print-address", "--address=\(address)"],
            environment: Machine.environment(),
        )
        let task = Task { try await run(bus, deadline: .now + .seconds(600)) { continuation.yield($0) } }
        for await _ in lines { break }
        let words = await message("a.service", address: address)
        #expect(words?.hasPrefix("cannot ask systemd for the state of 'a.service': ") == true)
        #expect(words?.contains("org.freedesktop.systemd1") == true)
        task.cancel()
        _ = try await task.value
    }

    @Test func `a bus that does not answer about services is given up`() async throws {
        let path = TemporaryDirectory.file("bus")
        let listener = try Kernel.listen(socket: path)
        defer { close(listener) }
        let error = await #expect(throws: SystemError.self) {
            try await Systemd.$busAddress.withValue("unix:path=\(path)") {
                try await Systemd.services(["a.service"], timeout: .milliseconds(100))
            }
        }
        #expect(error?.reason == "the system bus does not answer")
        #expect(try await Systemd.$busAddress.withValue("nonsense") { try await Systemd.services([]).isEmpty })
    }

    @Test func `a state reads as systemctl prints it`() {
        #expect(UnitState(load: "loaded", active: "active", sub: "exited").description == "active (exited)")
        #expect(UnitState(load: "not-found", active: "inactive", sub: "dead").description == "not-found")
    }

    @Test func `without a service manager nothing is notified`() async {
        await #expect(processExitsWith: .success) {
            Kernel.removeVariable("NOTIFY_SOCKET")
            let wasSent = try Systemd.notify("READY=1")
            #expect(wasSent == false)
        }
    }

    @Test func `the service manager is notified`() async {
        await #expect(processExitsWith: .success) {
            let path = "/tmp/nest-bootstrap.notify.\(getpid())"
            let socket = try Kernel.receive(socket: path)
            Kernel.setVariable("NOTIFY_SOCKET", path)
            #expect(try Systemd.notify("STATUS=waiting for ä"))
            let received = try FileDescriptor(adopting: socket).read("cannot read", path, capacity: 100)
            #expect(String(decoding: received, as: UTF8.self) == "STATUS=waiting for ä")
            try FileSystem.remove(path)
            let error = #expect(throws: SystemError.self) { try Systemd.notify("READY=1") }
            #expect(error?.description == "cannot notify 'service manager': No such file or directory")
        }
    }
}
