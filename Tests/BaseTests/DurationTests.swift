import Base
import Testing

@Suite(.timeLimit(.minutes(5))) struct DurationTests {
    @Test(
        arguments: [
            ("500ms", .milliseconds(500)), ("30s", .seconds(30)), ("10m", .seconds(600)), ("1h", .seconds(3600)),
            ("1h30m", .seconds(5400)), ("1m5s250ms", .milliseconds(65_250)), ("0s", .zero), ("90s", .seconds(90)),
        ] as [(String, Duration)]
    )
    func `durations of a task file are read`(_ text: String, _ duration: Duration) {
        #expect(parseDuration(text) == duration)
    }

    @Test(arguments: [
        "", "10", "s", "1.5s", "-1s", "1d", "1m1h", "1s1s", "1 s", "1S", "1234567890s", "1h ", "٣s", "ms",
    ])
    func `other texts are not durations`(_ text: String) {
        #expect(parseDuration(text) == nil)
    }

    @Test(arguments: ["500ms", "30s", "10m", "1h", "1h30m", "1m5s250ms", "24h", "0s"])
    func `durations are written in the notation that is read`(_ text: String) {
        #expect(parseDuration(text)?.text == text)
    }

    @Test(
        arguments: [
            (.zero, "0 ms"), (.milliseconds(-5), "0 ms"), (.milliseconds(250), "250 ms"),
            (.milliseconds(999), "999 ms"), (.seconds(1), "1 s"), (.milliseconds(1249), "1.2 s"),
            (.milliseconds(9970), "10 s"), (.milliseconds(59_949), "59.9 s"), (.milliseconds(59_950), "1m 0s"),
            (.seconds(200), "3m 20s"), (.seconds(3599), "59m 59s"), (.seconds(3900), "1h 5m"),
            (.seconds(183_600), "2d 3h"), (.seconds(Int64.max), "53375995583d 15h"),
        ] as [(Duration, String)]
    )
    func `messages have at most two units`(_ duration: Duration, _ text: String) {
        #expect(duration.humanReadable == text)
    }

    @Test(
        arguments: [
            (.milliseconds(-1), "0 s"), (.milliseconds(999), "0 s"), (.milliseconds(59_990), "59 s"),
            (.seconds(200), "3m 20s"), (.seconds(3900), "1h 5m"), (.seconds(360_000), "4d 4h"),
        ] as [(Duration, String)]
    )
    func `a clock shows completed seconds`(_ duration: Duration, _ text: String) {
        #expect(duration.clockText == text)
    }

    @Test(
        arguments: [
            (.milliseconds(1234), "1.234"), (.milliseconds(7), "0.007"), (.zero, "0.000"), (.seconds(60), "60.000"),
        ] as [(Duration, String)]
    )
    func `JSON has seconds with milliseconds`(_ duration: Duration, _ text: String) {
        #expect(duration.jsonSeconds == text)
    }

    @Test(
        arguments: [
            (.nanoseconds(1999), 1), (.seconds(2), 2_000_000), (.seconds(Int64.max), .max), (.milliseconds(-1), -1000),
        ] as [(Duration, Int64)]
    )
    func `microseconds are cut off and never overflow`(_ duration: Duration, _ expected: Int64) {
        #expect(duration.microseconds == expected)
    }

    @Test(
        arguments: [
            (.seconds(-1), 0), (.zero, 0), (.nanoseconds(1), 1), (.milliseconds(20), 20), (.microseconds(20_001), 21),
            (.seconds(60), 60_000), (.seconds(Int64.max), 60_000),
        ] as [(Duration, Int64)]
    )
    func `timeouts are rounded up and limited`(_ duration: Duration, _ expected: Int64) {
        #expect(duration.milliseconds(atMost: 60_000) == expected)
    }
}
