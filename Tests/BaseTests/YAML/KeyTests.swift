import Base
import Testing

@Suite(.timeLimit(.minutes(15))) struct KeyTests {
    @Test(arguments: [
        ("1", "1"), ("017", "15"), ("0x1F", "31"), ("1_000", "1000"),
        ("9223372036854775807", "9223372036854775807"), ("true", "true"), ("False", "false"),
        ("'1'", "1"), ("''", ""), ("=", "="), ("2001-01-01", "2001-01-01"), ("!!str 1", "1"),
        ("? a", "a"), ("&x b", "b"),
    ])
    func `a key becomes the same string as in kubectl`(written: String, expected: String) throws {
        let node = try read("spec: {\(written): v}")
        #expect(node?["spec"]?.mapping?.entries.map(\.key) == [expected])
    }

    @Test(arguments: [
        ("null: a", "t.yaml:1:1: key is null; put it in quotes: 'null'"),
        // kubectl renames these keys to `true` and `false` without a warning.
        (
            "on: a",
            "t.yaml:1:1: key 'on' is the boolean true in YAML 1.1, so it would become 'true'; put it in quotes: 'on'"
        ),
        (
            "n: a",
            "t.yaml:1:1: key 'n' is the boolean false in YAML 1.1, so it would become 'false'; put it in quotes: 'n'"
        ),
        ("1.10: a", "t.yaml:1:1: key '1.10' is a number that is not an integer of 64 bits; put it in quotes: '1.10'"),
        (
            "-.inf: a",
            "t.yaml:1:1: '-.inf' is a number that JSON cannot represent; put it in quotes: '-.inf'"
        ),
        (
            "x: &a 1e6\n*a : c",
            "t.yaml:2:1: key '1e6' is a number that is not an integer of 64 bits; put it in quotes: '1e6'"
        ),
        (
            "? {a: 1}\n: b",
            "t.yaml:1:3: a mapping cannot be a key, as in {{ name }}; write the output of the template, for example of 'helm template', or put text in quotes"
        ),
        (
            "a: {{ .Values.x }}",
            "t.yaml:1:4: a mapping cannot be a key, as in {{ name }}; write the output of the template, for example of 'helm template', or put text in quotes"
        ),
        (
            "a: {b: {{ c }}}",
            "t.yaml:1:8: a mapping cannot be a key, as in {{ name }}; write the output of the template, for example of 'helm template', or put text in quotes"
        ),
        ("x: &a [1]\n*a : c", "t.yaml:2:1: a list cannot be a key; if it is text, put it in quotes"),
    ])
    func `a value that cannot be a key is refused`(text: String, message: String) {
        #expect(problems(of: text) == message)
    }

    @Test func `each duplicate key is reported with both locations`() {
        let text = """
            a: 1
            b: {c: 1, c: 2}
            a: 2
            ---
            True: 1
            true: 2
            """
        #expect(
            problems(of: text) == """
                t.yaml:2:11: key 'c' is set twice, the first time at t.yaml:2:5; remove one of the two
                t.yaml:3:1: key 'a' is set twice, the first time at t.yaml:1:1; remove one of the two
                t.yaml:6:1: key 'true' is set twice, the first time at t.yaml:5:1; remove one of the two
                """,
        )
    }

    @Test func `fifty thousand keys are checked in linear time`() throws {
        let text = (0..<50_000).map { "key\($0): \($0)\n" }.joined()
        #expect(try read(text)?.mapping?.entries.count == 50_000)
        #expect(problems(of: text + "key49999: x\n").contains("t.yaml:50001:1: key 'key49999' is set twice"))
    }

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
