import Base
import Testing

@Suite(.timeLimit(.minutes(5)))
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
