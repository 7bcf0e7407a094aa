import Base
import Glibc
import TestSupport
import Testing

@testable import Host

@Suite(.temporaryDirectory, .timeLimit(.minutes(15))) struct UnitTimesTests {
    private static let oneshot =
        "[Unit]\nAfter=b.service\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/sleep 0.3\n"
    private static let done = "[Service]\nType=oneshot\nExecStart=/bin/true\n"

    @Test(.needsUserManager) func `the times of units are those since the boot`() async throws {
        let manager = try await UserManager(in: TemporaryDirectory.path)
        try manager.write(Self.oneshot, toUnit: "a.service")
        try manager.write(Self.done, toUnit: "b.service")
        try await manager.start("a.service")
        try await manager.start("b.service")
        let names = ["a.service", "b.service", "missing.service", "sockets.target"]
        let times = try await manager.asked { try await Systemd.times(of: names, timeout: .seconds(600)) }
        #expect(times.units.keys.sorted() == names)
        #expect(times.units["missing.service"]?.state.load == "not-found")
        #expect(times.units["missing.service"]?.started == nil)
        let unit = try #require(times.units["a.service"])
        let (started, active) = (try #require(unit.started), try #require(unit.active))
        #expect(active > started)
        #expect(unit.ended == nil)
        let ended = try #require(times.units["b.service"])
        #expect(ended.active == nil)
        let (start, end) = (try #require(ended.started), try #require(ended.ended))
        #expect(end >= start)
        #expect(times.boot.userspace > .zero && times.boot.userspace < started && end < BootClock.now().sinceBoot)
        let loaded = try #require(times.boot.unitsLoaded)
        #expect(loaded >= times.boot.userspace)
    }

    @Test(.needsUserManager) func `what came before the last start of a unit is left out`() async throws {
        let manager = try await UserManager(in: TemporaryDirectory.path)
        let flag = TemporaryDirectory.file("failing")
        let service = "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/test ! -e \(flag)\n"
        try manager.write(service, toUnit: "a.service")
        try await manager.start("a.service")
        try await manager.systemctl("stop", "a.service")
        try FileSystem.write([], to: flag, mode: 0o644)
        #expect(try await manager.systemctl("start", "a.service").status != 0)
        let times = try await manager.asked { try await Systemd.times(of: ["a.service"], timeout: .seconds(600)) }
        let unit = try #require(times.units["a.service"])
        #expect(unit.state.active == "failed")
        #expect(unit.active == nil)
        let (started, ended) = (try #require(unit.started), try #require(unit.ended))
        #expect(ended > started)
        #expect(unit.startEnd == ended)
    }

    @Test func `a bus that does not answer about times is given up`() async throws {
        let path = TemporaryDirectory.file("bus")
        let listener = try Kernel.listen(socket: path)
        defer { close(listener) }
        let error = await #expect(throws: SystemError.self) {
            try await Systemd.$busAddress.withValue("unix:path=\(path)") {
                try await Systemd.times(of: ["a.service"], timeout: .milliseconds(100))
            }
        }
        #expect(error?.description == "cannot ask systemd for the state of 'a.service': the system bus does not answer")
    }

    @Test func `a time since the boot has a time of day`() {
        // A machine that is up for 1000 s, at 2026-01-01T10:00:00Z.
        let clock = BootClock(sinceBoot: .seconds(1000), sinceEpoch: .seconds(1_767_261_600))
        #expect(clock.timestamp(at: .seconds(1)).description == "2026-01-01T09:43:21Z")
    }
}
