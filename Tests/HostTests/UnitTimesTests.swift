import Base
import Glibc
import TestSupport
import Testing

@testable import Host

@Suite(.temporaryDirectory, .timeLimit(.minutes(5))) struct UnitTimesTests {
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
        let times = try await Systemd.times(of: names, timeout: .seconds(600), address: manager.busAddress)
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
        let times = try await Systemd.times(of: ["a.service"], timeout: .seconds(600), address: manager.busAddress)
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
            try await Systemd.times(of: ["a.service"], timeout: .milliseconds(100), address: "unix:path=\(path)")
        }
        #expect(error?.description == "cannot ask systemd for the state of 'a.service': the system bus does not answer")
    }

    /// A machine that is up for 1000 s, at 2026-01-01T10:00:00Z.
    private func clock(suspended: Duration) -> BootClock {
        BootClock(sinceBoot: .seconds(1000), suspended: suspended, sinceEpoch: .seconds(1_767_261_600))
    }

    /// The time of an instant, as seconds of the two clocks.
    private func time(_ clock: BootClock, monotonic: Int, realtime: Int) -> Duration {
        clock.sinceBoot(monotonic: UInt64(monotonic) * 1_000_000) { UInt64(realtime) * 1_000_000 }
    }

    @Test func `without a suspension both clocks of the boot are the same, whatever the time of day was`() {
        #expect(time(clock(suspended: .zero), monotonic: 40, realtime: 0) == .seconds(40))
        #expect(time(clock(suspended: .milliseconds(99)), monotonic: 40, realtime: 0) == .seconds(40))
    }

    @Test func `instants before and after a suspension get their own time`() {
        let clock = clock(suspended: .seconds(600))
        // The boot was at 09:43:20.
        #expect(time(clock, monotonic: 40, realtime: 1_767_261_600 - 960) == .seconds(40))
        #expect(time(clock, monotonic: 390, realtime: 1_767_261_600 - 10) == .seconds(990))
    }

    @Test func `after the clock was set a time is wrong by no more than the suspension`() {
        let clock = clock(suspended: .seconds(600))
        #expect(time(clock, monotonic: 40, realtime: 5) == .seconds(40))
        #expect(time(clock, monotonic: 40, realtime: 1_900_000_000) == .seconds(640))
    }

    @Test func `a time since the boot has a time of day`() {
        #expect(clock(suspended: .zero).timestamp(at: .seconds(1)).description == "2026-01-01T09:43:21Z")
    }
}
