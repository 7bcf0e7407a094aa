import Planning
import Testing

@Suite(.timeLimit(.minutes(3))) struct DurationTests {
    @Test(
        arguments: [
            ("500ms", .milliseconds(500)), ("30s", .seconds(30)), ("10m", .seconds(600)), ("1h", .seconds(3600)),
            ("1h30m", .seconds(5400)), ("1m5s250ms", .milliseconds(65_250)), ("0s", .zero), ("90s", .seconds(90)),
        ] as [(String, Duration)]
    )
    func `durations are read`(_ text: String, _ duration: Duration) {
        #expect(parseDuration(text) == duration)
    }

    @Test(arguments: [
        "", "10", "s", "1.5s", "-1s", "1d", "1m1h", "1s1s", "1 s", "1S", "1234567890s", "1h ", "٣s", "ms",
    ])
    func `other texts are no durations`(_ text: String) {
        #expect(parseDuration(text) == nil)
    }

    @Test(arguments: ["500ms", "30s", "10m", "1h", "1h30m", "1m5s250ms", "24h", "0s"])
    func `durations are written as they are read`(_ text: String) {
        #expect(parseDuration(text)?.text == text)
    }

    @Test(
        arguments: [
            (.zero, "0 ms"), (.milliseconds(250), "250 ms"), (.milliseconds(999), "999 ms"),
            (.milliseconds(1249), "1.2 s"),
            (.milliseconds(59_949), "59.9 s"), (.milliseconds(59_950), "1m 0s"), (.seconds(200), "3m 20s"),
            (.seconds(3599), "59m 59s"), (.seconds(3900), "1h 5m"), (.seconds(183_600), "2d 3h"),
            (.seconds(-5), "0 ms"),
            (.seconds(Int64.max), "53375995583d 15h"),
        ] as [(Duration, String)]
    )
    func `people read durations in two units at most`(_ duration: Duration, _ text: String) {
        #expect(duration.forPeople == text)
    }
}
