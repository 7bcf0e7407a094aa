import Base
import Testing

struct ShortenedTests {
    @Test(arguments: [
        ("", 5, ""), ("abcde", 5, "abcde"), ("abcdef", 5, "ab…ef"), ("abcdefgh", 6, "abc…gh"), ("ab", 1, "…"),
        ("e\u{301}e\u{301}e\u{301}e\u{301}", 3, "e\u{301}…e\u{301}"),
    ])
    func `a text is shortened in its middle`(text: String, limit: Int, expected: String) {
        #expect(text.shortened(to: limit) == expected)
    }
}
