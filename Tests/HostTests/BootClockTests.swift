import Base
import Testing

@testable import Host

@Suite(.timeLimit(.minutes(5))) struct BootClockTests {
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

    @Test func `the clocks of this machine agree with those of records`() {
        let before = Timestamp.uptimeMilliseconds()
        let clock = BootClock.now()
        let after = Timestamp.uptimeMilliseconds()
        let milliseconds = clock.sinceBoot / .milliseconds(1)
        #expect(milliseconds >= Double(before) && milliseconds <= Double(after + 1))
        #expect(clock.suspended >= .zero && clock.suspended <= clock.sinceBoot)
        #expect(abs(clock.timestamp(at: clock.sinceBoot).seconds - Timestamp.now().seconds) <= 1)
    }
}
