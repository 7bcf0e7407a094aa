import Base
import Testing

@Suite(.timeLimit(.minutes(15)))
struct TimestampTests {
    @Test(
        arguments: [
            ("1970-01-01T00:00:00Z", 0),
            ("1969-12-31T23:59:59Z", -1),
            ("2000-02-29T12:00:00Z", 951_825_600),
            ("2000-03-01T00:00:00Z", 951_868_800),
            ("2024-02-29T23:59:59Z", 1_709_251_199),
            ("2024-03-01T00:00:00Z", 1_709_251_200),
            ("2023-12-31T23:59:59Z", 1_704_067_199),
            ("2100-02-28T23:59:59Z", 4_107_542_399),
            ("2100-03-01T00:00:00Z", 4_107_542_400),
            ("1900-03-01T00:00:00Z", -2_203_891_200),
            ("0001-01-01T00:00:00Z", -62_135_596_800),
            ("9999-12-31T23:59:59Z", 253_402_300_799),
        ] as [(String, Int64)]
    )
    func `an instant is formatted and parsed`(text: String, seconds: Int64) {
        #expect(Timestamp(seconds: seconds).description == text)
        #expect(Timestamp(rfc3339: text)?.seconds == seconds)
    }

    @Test(
        arguments: [
            ("1970-01-01T01:00:00+01:00", 0),
            ("1969-12-31T19:00:00-05:00", 0),
            ("1970-01-01t00:00:00.987z", 0),
            ("2024-01-01T05:30:00.5+05:30", 1_704_067_200),
        ] as [(String, Int64)]
    )
    func `offsets and fractions are parsed`(text: String, seconds: Int64) {
        #expect(Timestamp(rfc3339: text)?.seconds == seconds)
    }

    @Test(arguments: [
        "", "2024", "2024-01-01", "2024-13-01T00:00:00Z", "2023-02-29T00:00:00Z", "1900-02-29T00:00:00Z",
        "2024-04-31T00:00:00Z", "2024-00-01T00:00:00Z", "2024-01-00T00:00:00Z", "2024-01-01T24:00:00Z",
        "2024-01-01T00:60:00Z", "2024-01-01T00:00:60Z", "2024-01-01T00:00:00", "2024-01-01T00:00:00.Z",
        "2024-01-01T00:00:00+1:00", "2024-01-01T00:00:00Zx", "2024-01-01T00:00:00+99:00", "-024-01-01T00:00:00Z",
    ])
    func `other texts are refused`(text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
    }

    @Test func `the days of 800 years are formatted and parsed`() {
        for day in stride(from: -146_097, to: 146_097, by: 13) as StrideTo<Int64> {
            let instant = Timestamp(seconds: day * 86_400 + 86_399)
            guard Timestamp(rfc3339: instant.description) == instant else {
                Issue.record("\(instant.seconds) is written as \(instant)")
                return
            }
        }
    }

    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_709_251_200_250, "2024-03-01T00:00:00.250Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (1_767_225_599_001, "2025-12-31T23:59:59.001Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (-62_135_596_800_000, "0001-01-01T00:00:00.000Z"),
        ] as [(Int64, String)]
    )
    func `milliseconds are written in RFC 3339`(milliseconds: Int64, expected: String) {
        #expect(Timestamp.text(milliseconds: milliseconds) == expected)
    }
}

@Suite(.timeLimit(.minutes(15))) struct DurationTests {
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
