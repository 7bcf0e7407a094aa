import Base
import Testing

@testable import Reporting

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

    @Test(arguments: [
        ("a", 1), ("ä", 1), ("日", 2), ("🐤", 2), ("e\u{301}", 1), ("✓", 1), ("ﾊ", 1), ("\u{1112}\u{1161}\u{11ab}", 2),
        ("❤\u{fe0f}", 2), ("👩\u{200d}🔧", 4), ("👍\u{1f3fd}", 4), ("🇩🇪", 4),
    ])
    func `a character has a width`(text: String, columns: Int) {
        #expect(text.columnCount == columns)
    }

    @Test func `a text is broken between words`() {
        #expect("the quick brown fox".wrapped(to: 9) == ["the quick", "brown fox"])
        #expect("unbreakable x".wrapped(to: 4) == ["unbreakable", "x"])
        #expect("".wrapped(to: 4) == [])
    }
}
