import Base
import Testing

/// The printed line for each way in which a text can be broken.
@Suite(.timeLimit(.minutes(15))) struct SyntaxTests {
    @Test(arguments: [
        ("v:\n\ta: 1\n", "2:1"), ("v: 1\n\t# c\nw: 2\n", "2:1"), ("v: |\n  a\n\tb\n", "3:1"),
        ("v: 1\n\tb: 2\n", "2:1"), ("v: 1\n  \tb: 2\n", "2:3"),
    ])
    func `a tab that indents a line is reported`(text: String, place: String) {
        #expect(problems(of: text) == "t.yaml:\(place): a tab cannot indent a line; put spaces in its place")
    }

    @Test(arguments: [
        ("a: \"x\nb: 2\n", "1:4", "\"", "is never closed"),
        ("a: {b: 'c}\nd: 1\n", "1:8", "'", "is never closed"),
        ("a: \"b\n---\nc: \"d\"\n", "1:4", "\"", "is never closed"),
        ("a: \"x\nb: \"y\"\n", "1:4", "\"", "is closed in line 2, column 4, where more text follows"),
        ("a: 'x\nb: 'y'\nc: \"d\"\n", "1:4", "'", "is closed in line 2, column 4, where more text follows"),
        ("a: \"x\nb: \"y: z\"\nc: 1\n", "1:4", "\"", "is closed in line 2, column 4, where more text follows"),
    ])
    func `a quote that is opened in an earlier line is reported with both places`(
        text: String,
        place: String,
        quote: String,
        end: String
    ) {
        #expect(problems(of: text).hasPrefix("t.yaml:\(place): the string that begins with \(quote) here \(end)"))
    }

    @Test(arguments: [
        ("a:1\nb: 2\n", "1:1", "a:"), ("a: b\nc:d\ne: f\n", "2:1", "c:"), ("v:\n  - a:1\n    b: 2\n", "2:5", "a:"),
        ("v:\n  a:/b\n  c: d\n", "2:3", "a:"),
    ])
    func `a colon without a space is reported, without the value`(text: String, place: String, key: String) {
        #expect(problems(of: text) == "t.yaml:\(place): expected a space after '\(key)'")
    }

    @Test(arguments: [
        ("v:\n   a: 1\n  b: 2\n", "3:3", "2 spaces", "line 2 by 3 and line 1 by 0"),
        ("v:\n  - a\n - b\n", "3:2", "1 space", "line 2 by 2 and line 1 by 0"),
        (" a: 1\nb: 2\n", "2:1", "0 spaces", "line 1 by 1"),
        ("v: |\n    one\n  two\n    three\nw: 1\n", "3:3", "2 spaces", "line 2 by 4 and line 1 by 0"),
        ("a:\n  b:\n    - c: 1\n     d: 2\n", "4:6", "5 spaces", "line 3 by 6 and line 3 by 4"),
    ])
    func `a line that is indented less is reported with the lines above it`(
        text: String,
        place: String,
        spaces: String,
        lines: String
    ) {
        #expect(
            problems(of: text)
                == "t.yaml:\(place): the line is indented by \(spaces), which matches no line above: \(lines)"
        )
    }

    @Test(arguments: [
        ("a: {{ x }}\n", "1:4"), ("a: {b: {{ c }}}\n", "1:8"), ("a: {{ x }}-y\n", "1:4"),
        ("a: {{ include \"x\" . }}\n", "1:4"), ("{{- if .x }}\na: 1\n{{- end }}\n", "1:1"),
    ])
    func `a template is reported`(text: String, place: String) {
        #expect(
            problems(of: text) == "t.yaml:\(place): a mapping cannot be a key, as in {{ name }}; "
                + "write the output of the template, for example of 'helm template', or put text in quotes"
        )
    }

    @Test(arguments: [
        (
            "a: 1\nb: [1, {c: 2}\n",
            "3:1: did not find expected ',' or ']' while parsing a flow sequence that begins in line 2"
        ),
        ("a: [b, , c]\n", "1:8: did not find expected node content while parsing a flow node"),
        ("a: \"b\" c\n", "1:8: did not find expected key while parsing a block mapping"),
        ("a: 1\n- b\n", "2:1: did not find expected key while parsing a block mapping that begins in line 1"),
        ("v:\n  a: 1\n   b: 2\n", "3:5: mapping values are not allowed in this context"),
        ("a: b: c # d\n", "1:5: mapping values are not allowed in this context"),
        ("a: @x\n", "1:4: found character that cannot start any token while scanning for the next token"),
        ("a: \"\\d\"\n", "1:5: found unknown escape character while parsing a quoted scalar"),
        ("b: 2\na\nc: 2\n", "2:1: could not find expected ':' while scanning a simple key"),
        ("a: b\ns https://h:1\n", "2:1: could not find expected ':' while scanning a simple key"),
        ("%YAML 1.1\na: 1\n", "2:1: did not find expected <document start>"),
        ("a: !e!x 1\n", "1:4: found undefined tag handle while parsing a node"),
        ("é: a\u{1}b\n", "1:5: control characters are not allowed"),
    ])
    func `everything else is what libyaml says`(text: String, message: String) {
        #expect(problems(of: text) == "t.yaml:\(message)")
    }

    @Test(arguments: ["v: [a,\n\tb]\n", "v: 'a\n\tb'\n", "v: '{{ x }}'\n", "v: \"a\n  b\"\n", "v: http://a:1\n"])
    func `valid texts resemble these`(text: String) {
        #expect(problems(of: text) == "")
    }

    @Test func `a byte that is not UTF-8 is reported at its place`() {
        #expect(problems(of: Array("a: 1\nb: caf".utf8) + [0xE9, 0x0A]).hasSuffix("UTF-8 octet sequence"))
    }

    @Test(arguments: [
        ("!vault x", "!vault"), ("!!python/str x", "!!python/str"), ("!foo [1]", "!foo"), ("!!map [1]", "!!map"),
        ("!!str {a: 1}", "!!str"), ("!!seq x", "!!seq"),
    ])
    func `a tag without a meaning is refused`(value: String, tag: String) {
        #expect(
            problems(of: "v: \(value)\n") == "t.yaml:1:4: tag '\(tag)' means nothing for this value; remove the tag"
        )
    }

    @Test(arguments: [
        "v:\n  - a text\n    of two lines\n", "v: a\n  - b\n", "v: [a\n  - b]\n", "v:\n  - |\n    a\n    - b\n",
        "v: |\n  a\n  ---\n", "v: |\n", "a:\n  v: >-\n\n  # c\n  w: 1\n", "v: a\u{A0}b\n", "v: -é\n",
    ])
    func `a text of several lines, or of any characters, is a text`(text: String) {
        #expect(problems(of: text) == "")
    }

    @Test func `an alias without an anchor does not hide other mistakes`() {
        let hint = "has no anchor in this document; put it in quotes if it is text:"
        #expect(
            problems(of: "a: *x\nb: !y z\n<<: *w\n") == """
                t.yaml:1:4: alias '*x' \(hint) '*x', or write '&x' before the value that it names
                t.yaml:2:4: tag '!y' means nothing for this value; remove the tag
                t.yaml:3:5: alias '*w' \(hint) '*w', or write '&w' before the value that it names
                """
        )
    }

    @Test(arguments: [
        ("no", "no"), ("On", "On"), ("~", "~"), ("NULL", "NULL"), ("true", "true"), ("!!bool yes", "yes"),
    ])
    func `a boolean and null keep the word that was written`(written: String, word: String) throws {
        #expect(try read("v: \(written)\n")?["v"]?.spelling == word)
        #expect(try read("v: '\(written)'\nw:\n")?["w"]?.spelling == nil)
    }
}
