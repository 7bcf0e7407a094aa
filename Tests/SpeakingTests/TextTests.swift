import Testing

@testable import Speaking

@Suite(.timeLimit(.minutes(3)))
struct TextTests {
    @Test(arguments: [
        ("plain", "plain"),
        ("ümläut ✓ 日本", "ümläut ✓ 日本"),
        ("two\nlines", "two\\nlines"),
        ("carriage\rreturn\r\n", "carriage\\rreturn"),
        ("a\tb", "a    b"),
        ("\u{1b}[1;32mgreen\u{1b}[0m", "green"),
        ("\u{1b}[2Jcleared", "\\x1b[2Jcleared"),
        ("\u{1b}]0;title\u{7}", "\\x1b]0;title\\x07"),
        ("\u{9b}2J\u{7f}\0", "\\x9b2J\\x7f\\x00"),
        ("right\u{202e}left", "right\\u202eleft"),
        ("line\u{2028}separator", "line\\u2028separator"),
        ("end  ", "end"),
        ("", ""),
    ])
    func `no text moves the cursor or forges a line`(text: String, expected: String) {
        #expect(printable(text) == expected)
    }

    @Test func `a line has a limit`() {
        let line = printable(String(repeating: "a", count: 1_000_000))
        #expect(line.count == printableLimit + "… (cut off)".count)
        #expect(line.hasSuffix("a… (cut off)"))
    }

    @Test(arguments: [
        ("abc", 3, "abc"), ("abcd", 3, "ab…"), ("日本語", 6, "日本語"), ("日本語", 5, "日本…"), ("日本語", 4, "日…"),
        ("e\u{301}e\u{301}", 2, "e\u{301}e\u{301}"), ("abc", 0, ""), ("", 3, ""),
    ])
    func `a text is cut where the columns end`(text: String, columns: Int, expected: String) {
        #expect(text.truncated(to: columns) == expected)
    }

    @Test(arguments: [("a", 1), ("ä", 1), ("日", 2), ("🐤", 2), ("e\u{301}", 1), ("✓", 1), ("ﾊ", 1)])
    func `a character has a width`(text: String, columns: Int) {
        #expect(text.columnCount == columns)
    }

    @Test func `a text is broken between words`() {
        #expect("the quick brown fox".wrapped(to: 9) == ["the quick", "brown fox"])
        #expect("unbreakable x".wrapped(to: 4) == ["unbreakable", "x"])
        #expect("".wrapped(to: 4) == [])
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
    func `an instant is written as RFC 3339 has it`(milliseconds: Int64, expected: String) {
        #expect(timestampText(milliseconds) == expected)
    }

    @Test(arguments: [(0, "0 s"), (59, "59 s"), (200, "3m 20s"), (3900, "1h 5m"), (360_000, "100h 0m")])
    func `a clock shows whole seconds`(seconds: Int, expected: String) {
        #expect(Duration.seconds(seconds).clockText == expected)
    }

    @Test func `a duration is a JSON number to the millisecond`() {
        #expect(Duration.milliseconds(1234).jsonSeconds == "1.234")
        #expect(Duration.milliseconds(7).jsonSeconds == "0.007")
    }
}
