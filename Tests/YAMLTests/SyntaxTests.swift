import Testing
import YAML

/// The printed line for each way in which a text can be broken.
@Suite(.timeLimit(.minutes(30))) struct SyntaxTests {
    @Test(arguments: [
        (
            "a: \"x\nb: 2\n",
            "t.yaml:1:4: the string that begins with \" here is not closed; close it with \" after 'x'"
        ),
        (
            "a: 1\nb: [1, {c: 2}\n",
            "t.yaml:2:4: '[' is not closed; close it with ']'"
        ),
        (
            "a: {b: 1\nc: 2\n",
            "t.yaml:1:4: '{' is not closed; close it with '}'"
        ),
        (
            "a: \"x\nb: \"y\"\n",
            "t.yaml:1:4: the string that begins with \" here is not closed; close it with \" after 'x'"
        ),
        ("a: [1 2, {]\n", "t.yaml:1:10: '{' is not closed; close it with '}'"),
        ("a: [b, , c]\n", "t.yaml:1:8: expected a value, found ','; remove it"),
        (
            "a: {b: ${name}}\n",
            "t.yaml:1:9: '{' begins a mapping here; put the value with '${name}' in quotes"
        ),
        ("a: {b: 1 c: 2}\n", "t.yaml:1:10: expected ',' before 'c'; add ','"),
        ("a: \"b\" c\n", "t.yaml:1:8: expected the end of the line, found 'c'; put it in quotes: '\"b\" c'"),
    ])
    func `an unclosed string or bracket is reported at its beginning`(text: String, message: String) {
        #expect(problems(of: text) == message)
    }

    @Test(arguments: [
        (
            "v:\n   a: 1\n  b: 2\n",
            "t.yaml:3:3: the line is indented by 2 spaces, which matches no line above; "
                + "indent it by 3 spaces, or indent it by 0 spaces"
        ),
        (
            "v:\n  a: 1\n   b: 2\n",
            "t.yaml:3:4: the line is indented deeper than the one above it and continues its value; "
                + "indent it by 2 spaces, or indent it by 0 spaces"
        ),
        (
            "v:\n  - a\n - b\n",
            "t.yaml:3:2: the line is indented by 1 space, which matches no line above; "
                + "indent it by 2 spaces"
        ),
        (
            " a: 1\nb: 2\n",
            "t.yaml:2:1: the line is indented by 0 spaces, which matches no line above; indent it by 1 space"
        ),
        ("a: 1\n- b\n", "t.yaml:2:1: expected key, found '-'"),
        ("v:\n\ta: 1\n", "t.yaml:2:1: a tab cannot indent a line; put spaces in its place"),
        ("v: 1\n\t# c\nw: 2\n", "t.yaml:2:1: a tab cannot indent a line; put spaces in its place"),
        ("v: |\n  a\n\tb\n", "t.yaml:3:1: a tab cannot indent a line; put spaces in its place"),
    ])
    func `a line with wrong indentation is reported with the right one`(text: String, message: String) {
        #expect(problems(of: text) == message)
    }

    @Test(arguments: [
        ("a: b: c # d\n", "t.yaml:1:5: a value cannot contain ': ' without quotes; put it in quotes: 'b: c'"),
        ("a: it's: c\n", "t.yaml:1:8: a value cannot contain ': ' without quotes; put it in quotes: 'it''s: c'"),
        ("a: @x\n", "t.yaml:1:4: a value cannot begin with '@'; put it in quotes: '@x'"),
        ("a: `x`\n", "t.yaml:1:4: a value cannot begin with '`'; put it in quotes: '`x`'"),
        ("a: %x\n", "t.yaml:1:4: a value cannot begin with '%'; put it in quotes: '%x'"),
        ("a: */5 * *\n", "t.yaml:1:4: a value that begins with '*' is an alias in YAML; put it in quotes: '*/5 * *'"),
        ("a: \"\\d\"\n", "t.yaml:1:5: '\\d' is not an escape; write '\\\\d', or the string in single quotes"),
        (
            "a: \"\\ud83d\\ude00\"\n",
            "t.yaml:1:7: this escape is not a character: YAML has no surrogate pairs; write the character itself"
        ),
        ("a:1\nb: 2\n", "t.yaml:1:1: expected a space after ':'; write 'a: 1'"),
        ("b: 2\na\nc: 2\n", "t.yaml:2:1: expected ':' after 'a'; write 'a:'"),
        ("a: b\ns https://h:1\n", "t.yaml:2:1: expected ':' after 's'; write 's: https://h:1'"),
        ("a: b\nc:d\ne: f\n", "t.yaml:2:1: expected a space after ':'; write 'c: d'"),
        ("\"a\" \"b\"\n", "t.yaml:1:1: expected ':' after '\"a\"'; write '\"a\": \"b\"'"),
        (
            "a: {b:}\n",
            "t.yaml:1:6: expected a space after ':'; write ': ' if this is a key without a value, or quote it"
        ),
        ("a\nb: 2\n", "t.yaml:1:1: expected ':' after 'a'; write 'a:'"),
        (
            "a: - b\n",
            "t.yaml:1:4: a list cannot begin here; put the '- ' at the beginning of the next line, indented by 2 spaces"
        ),
        ("%YAML 1.1\na: 1\n", "t.yaml:2:1: expected a line '---' after the directives"),
        ("a: !e!x 1\n", "t.yaml:1:4: found undefined tag handle while parsing a node"),
    ])
    func `an unexpected character is reported with a correction`(text: String, message: String) {
        #expect(problems(of: text) == message)
    }

    @Test(arguments: [
        ("- b\n-c\n", "t.yaml:2:1: expected a space after '-'; write '- '"),
        (
            "a: {b: 'c}\nd: 1\n",
            "t.yaml:1:8: the string that begins with ' here is not closed; close it with ' after 'c'"
        ),
        ("a: 'it's'\n", "t.yaml:1:4: the string that begins with ' here has that quote inside; write 'it''s'"),
        ("a: “b: c”\n", "t.yaml:1:4: “ is a typographic quotation mark, not \"; write \"b: c\""),
        ("a:\n  - c\n  – b: 1\n", "t.yaml:3:3: '–' does not begin an item of a list; write '-'"),
        ("a = 1\nb: 2\n", "t.yaml:1:3: expected ':' after 'a', found '='; write 'a: 1'"),
        ("{\n  // one\n  \"a\": 1\n}\n", "t.yaml:2:3: '//' does not begin a comment in YAML; write '#'"),
        (
            "a: {b: {{ c }}}\n",
            "t.yaml:1:8: '{{' begins a mapping in a mapping in YAML; replace it with its value, or put it in quotes if it is literal"
        ),
        (
            "a: |\nb\nc: 1\n",
            "t.yaml:2:1: the text after '|' is not indented further than 'a:'; "
                + "indent the text by 2 spaces, up to 'b'"
        ),
        ("a:\n  b: c d: e\n", "t.yaml:2:9: a value cannot contain ': ' without quotes; put it in quotes: 'c d: e'"),
        (
            "\u{A0}a: 1\n",
            "t.yaml:1:1: the key begins with the space U+00A0, which does not indent a line; put spaces in its place"
        ),
        (
            "a: b\n<<<<<<< HEAD\nc: d\n",
            "t.yaml:2:1: git has left a conflict here, which nobody has resolved; "
                + "keep what is right, and remove the lines '<<<<<<<', '=======' and '>>>>>>>'"
        ),
        // Both mistakes are reported at once, and the problem of the value too.
        (
            "a: \"x\nb: \"y\"\nd\ne: 1\ne: 2\n",
            "t.yaml:1:4: the string that begins with \" here is not closed; close it with \" after 'x'\n"
                + "t.yaml:3:1: expected ':' after 'd'; write 'd:'\n"
                + "t.yaml:5:1: key 'e' is set twice, the first time at t.yaml:4:1; remove one of the two"
        ),
    ])
    func `a mistake is explained from the text around it`(text: String, message: String) {
        #expect(problems(of: text) == message)
    }

    @Test(arguments: [
        ("é: a\u{1}b\n", "t.yaml:1:5: control character 0x01 is not allowed; write it as '\\x01' in double quotes"),
        ("a: 1\nb: \0\n", "t.yaml:2:4: byte 0x00 is not text: the file is binary or UTF-16"),
    ])
    func `a control character is reported with its location`(text: String, message: String) {
        #expect(problems(of: text) == message)
    }

    @Test func `text in another encoding is reported with a conversion`() {
        #expect(
            problems(of: [0xFF, 0xFE, 0x61, 0x00])
                == "t.yaml: file is UTF-16 text, where UTF-8 is expected; convert it with 'iconv -f UTF-16 -t UTF-8'",
        )
        #expect(
            problems(of: Array("a: 1\nb: caf".utf8) + [0xE9, 0x0A])
                == "t.yaml:2:7: byte 0xE9 is not UTF-8; "
                + "if the text is Latin-1, convert it with 'iconv -f LATIN1 -t UTF-8'",
        )
    }

    @Test(arguments: [[0xE4, 0x72], [0xE4, 0x80, 0x72, 0x72], [0xF0, 0x90, 0x80, 0x72]] as [[UInt8]])
    func `an incomplete character is reported at its beginning`(bytes: [UInt8]) {
        let message = problems(of: Array("a: 1\nb: g".utf8) + bytes + Array("e: 1\n".utf8))
        #expect(
            message.hasPrefix("t.yaml:2:5: byte 0x\(String(bytes[0], radix: 16, uppercase: true)) is not UTF-8; "),
            "\(message)"
        )
    }
}
