import Base
import Testing

@Suite(.timeLimit(.minutes(5)))
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
        ("duration 4 ms, no", 12, ["duration", "4 ms, no"]),
        ("after 4.2 s (12 ms)", 9, ["after", "4.2 s", "(12 ms)"]),
        ("in 1m 20s, 2d 3h", 6, ["in", "1m 20s,", "2d 3h"]),
        ("7 sets 3m away 4 x", 3, ["7", "sets", "3m", "away", "4 x"]),
    ])
    func `a text is not broken between a number and its unit`(text: String, columns: Int, lines: [String]) {
        #expect(text.wrapped(to: columns) == lines)
    }
}
