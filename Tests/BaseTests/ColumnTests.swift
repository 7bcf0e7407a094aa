import Base
import Testing

@Suite(.timeLimit(.minutes(3)))
struct ColumnTests {
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
