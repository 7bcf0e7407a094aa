import Testing
import YAML

/// Texts that look the same and have other bytes.
struct SpellingTests {
    private func root(_ text: String) throws -> Node {
        try #require(try readDocuments(Array(text.utf8), file: "m").first?.root)
    }

    @Test func `two spellings of an accent are two values and two keys`() throws {
        let (one, other) = (try root("a: \"caf\\u00e9\""), try root("a: \"cafe\\u0301\""))
        #expect(one != other)
        #expect(one == (try root("a: \"caf\\u00e9\"")))
        let both = try root("\"\\u00e9\": 1\n\"e\\u0301\": 2\n")
        #expect(both.mapping?.entries.count == 2)
        #expect(both["e\u{301}"]?.integer == 2)
        #expect(both["\u{e9}"]?.integer == 1)
        #expect(try root("\"\\u00e9\": 1") != root("\"e\\u0301\": 1"))
        // Also where keys are found by their hashes.
        let many = (0..<20).map { "k\($0): 0" }.joined(separator: "\n")
        let long = try root("\(many)\n\"\\u00e9\": 1\n\"e\\u0301\": 2\n")
        #expect(long["e\u{301}"]?.integer == 2 && long["\u{e9}"]?.integer == 1)
    }
}
