import Base
import Testing

@Suite(.timeLimit(.minutes(15)))
struct TextTests {
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

    @Test func `a command line is what a shell takes`() {
        let words = ["sh", "-c", "echo $HOME; it's", "", "/etc/x.y=1,2", "ä"]
        #expect(shellLine(words) == #"sh -c 'echo $HOME; it'\''s' '' /etc/x.y=1,2 ä"#)
    }

    @Test func `a list of more than four names in quotes ends with the number of the others`() {
        let names = (1...6).map { "t\($0)" }
        let lists = [0, 1, 2, 4, 5, 6].map { quotedList(Array(names.prefix($0))) }
        #expect(
            lists == [
                "", "'t1'", "'t1' and 't2'", "'t1', 't2', 't3' and 't4'", "'t1', 't2', 't3' and 2 more",
                "'t1', 't2', 't3' and 3 more",
            ]
        )
    }

    @Test func `a text is broken between words`() {
        #expect("the quick brown fox".wrapped(to: 9) == ["the quick", "brown fox"])
        #expect("unbreakable x".wrapped(to: 4) == ["unbreakable", "x"])
        #expect("".wrapped(to: 4) == [])
    }

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
        ("right\u{202e}left", "right\\u{202e}left"),
        ("line\u{2028}separator", "line\\u{2028}separator"),
        ("a\u{200f}b\u{61c}c\u{feff}d\u{ffff}", "a\\u{200f}b\\u{61c}c\\u{feff}d\\u{ffff}"),
        ("a\u{200b}b\u{a0}c\u{e0041}d\u{2060}", "a\\u{200b}b\\u{a0}c\\u{e0041}d\\u{2060}"),
        ("end  ", "end"),
        ("", ""),
    ])
    func `no text moves the cursor or forges a line`(text: String, expected: String) {
        #expect(printable(text) == expected)
    }

    @Test func `a line has a limit`() {
        let line = printable(String(repeating: "a", count: 1_000_000))
        #expect(line == String(repeating: "a", count: 8192) + "… (cut off)")
    }

    @Test(arguments: [
        ("", 5, ""), ("abcde", 5, "abcde"), ("abcdef", 5, "ab…ef"), ("abcdefgh", 6, "abc…gh"), ("ab", 1, "…"),
        ("e\u{301}e\u{301}e\u{301}e\u{301}", 3, "e\u{301}…e\u{301}"),
    ])
    func `a text is shortened in its middle`(text: String, limit: Int, expected: String) {
        #expect(text.shortened(to: limit) == expected)
    }
}
