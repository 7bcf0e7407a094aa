import Base
import Testing

@Suite(.timeLimit(.minutes(5)))
struct PrintableTests {
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

    @Test func `a text of a table is escaped, and without UTF-8 has ASCII only`() {
        #expect(tableText("\u{1b}[31mrot … für\u{7}", true) == "rot … für\\x07")
        #expect(tableText("\u{1b}[31mrot … für\u{7}", false) == "rot ... f\\u{fc}r\\x07")
    }
}
