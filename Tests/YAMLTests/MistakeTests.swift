import Base
import Testing
import YAML

/// Texts that can be parsed, but not as their author meant them, and characters of other languages.
@Suite(.timeLimit(.minutes(30))) struct MistakeTests {
    @Test(arguments: [
        ("!vault", "belongs to Ansible and means nothing here", "write the value itself, without the tag"),
        ("!reset", "belongs to Docker Compose and means nothing here", "write the value itself, without the tag"),
        ("!!python/str", "belongs to PyYAML and means nothing here", "write the value itself, without the tag"),
        (
            "!encrypted-by-us", "belongs to the program that has encrypted the value and means nothing here",
            "write the value itself, without the tag"
        ),
        ("!made-up", "means nothing here", "remove the tag, or put the text in quotes: '!made-up x'"),
        ("!!unknown", "means nothing here", "remove the tag, or put the text in quotes: '!!unknown x'"),
    ])
    func `a tag of another program is refused with its name`(tag: String, meaning: String, hint: String) {
        let message = "t.yaml:1:4: tag '\(tag)' \(meaning), so the text would be taken as it is; \(hint)"
        #expect(problems(of: "v: \(tag) x\n") == message)
    }

    @Test(arguments: [
        ("!foo [1]", "t.yaml:1:4: tag '!foo' means nothing here, so it would be ignored; remove the tag"),
        ("!!map [1]", "t.yaml:1:4: tag '!!map' marks a mapping, found a list; remove the tag"),
        ("!!str {a: 1}", "t.yaml:1:4: tag '!!str' marks a single value, found a mapping; remove the tag"),
        ("!!seq x", "t.yaml:1:4: tag '!!seq' marks a list, found a single value; remove the tag"),
        ("[!x]", "t.yaml:1:5: a value that begins with '!' has a tag in YAML; put it in quotes: '!x'"),
    ])
    func `a tag on a value of another kind is refused`(value: String, message: String) {
        #expect(problems(of: "v: \(value)\n") == message)
    }

    @Test func `items below a deeper indentation are items`() {
        let (documents, problems) = readDocumentsAndProblems(
            Array("v:\n  - a\n    - b\n    - c\nw: 1\n".utf8),
            file: "t.yaml"
        )
        #expect(
            problems.map(\.description) == [
                "t.yaml:3:5: '- b' is indented further than '- a' in line 2, so both are one text; indent it by 2 spaces",
                "t.yaml:4:5: '- c' is indented further than '- a' in line 2, so both are one text; indent it by 2 spaces",
            ]
        )
        #expect(documents.first?.root?["v"]?.sequence?.compactMap(\.string) == ["a", "b", "c"])
    }

    @Test func `an indented separator of documents is reported`() {
        let (documents, problems) = readDocumentsAndProblems(Array("v: a\n  b\n   ---\nw: 1\n".utf8), file: "t.yaml")
        #expect(
            problems.map(\.description) == [
                "t.yaml:3:1: '---' is indented, so it is a part of the text that begins in line 1; remove the spaces before it"
            ]
        )
        #expect(documents.first?.root?["v"]?.string == "a b")
    }

    @Test(arguments: ["v: |\n  a\n  ---\n", "v: 'a\n  ---'\n", "v: a ---\n", "v: a\n  b ---\n", "v: a\n  ---\n  b\n"])
    func `dashes in a text are no separator`(text: String) {
        #expect(problems(of: text) == "")
    }

    @Test(arguments: [
        "v:\n  - a text\n    of two lines\n", "v: a\n  - b\n", "v: [a\n  - b]\n", "v:\n  - 'a\n    - b'\n",
        "v:\n  - |\n    a\n    - b\n", "v:\n  -\n    - a\n", "v:\n  - - a\n    - b\n",
    ])
    func `a text of several lines is no list`(text: String) {
        #expect(problems(of: text) == "")
    }

    @Test(arguments: [
        (
            "v: |\n#!/bin/sh\necho hello\n",
            "t.yaml:2:1: the text after '|' is not indented further than 'v:'; indent the text by 2 spaces, up to "
                + "'echo hello'"
        )
    ])
    func `a text that is not indented is reported`(text: String, message: String) {
        #expect(problems(of: text) == message)
    }

    @Test(arguments: [
        (
            "a: *x\nb: &x 1\n",
            "t.yaml:1:4: alias '*x' has no anchor in this document; move '&x' with its value here, and write '*x' in line 2"
        ),
        ("{a: 1, // why\nb: 2}\n", "t.yaml:1:8: '//' does not begin a comment in YAML; write '#'"),
        (
            "a: {{ x }}\n",
            "t.yaml:1:4: '{{' begins a mapping in a mapping in YAML; "
                + "replace it with its value, or put it in quotes if it is literal"
        ),
    ])
    func `an alias, a comment and a template are reported with what to write`(text: String, message: String) {
        #expect(problems(of: text) == message)
    }

    @Test(arguments: [
        (
            "v: |\n    one\n  two\n    three\nw: 1\n",
            "t.yaml:3:3: the line is indented less than the text above it, to which it belongs; indent it by 4 spaces"
        ),
        (
            "a:\n  v: |\n    one {\n  }\n    two\n  w: 1\nb: 1\n",
            "t.yaml:4:3: the line is indented less than the text above it, to which it belongs; indent it by 4 spaces"
        ),
        (
            "a:\n  v: |\n    one\n   two\n  three\n    four\n  w: 1\nb: {c: 1}\n",
            "t.yaml:4:4: the line is indented less than the text above it, to which it belongs; indent it by 4 spaces, "
                + "and the lines below it up to 'three'"
        ),
    ])
    func `a line that is indented less than its text is reported there`(text: String, message: String) {
        #expect(problems(of: text) == message)
    }

    @Test(arguments: ["v: |\n", "v: |\nw: 1\n", "a:\n  v: >-\n\n  # c\n  w: 1\n", "v: |\n  x\nw: 1\n", "- |\n- x\n"])
    func `a text may be empty`(text: String) {
        #expect(problems(of: text) == "")
    }

    @Test(arguments: [
        (
            "v:\n  -\u{A0}a\n  -\u{A0}b\n",
            "t.yaml:2:3: '-' is followed by a no-break space (U+00A0), which does not separate words in YAML; "
                + "put a space in its place"
        ),
        (
            "v:\u{A0}a\nw: 1\n",
            "t.yaml:1:3: ':' is followed by a no-break space (U+00A0), which does not separate words in YAML; "
                + "put a space in its place"
        ),
        (
            "v: a\u{A0}\n",
            "t.yaml:1:4: the value ends with a no-break space (U+00A0), which would be a part of it; remove that character"
        ),
        (
            "v: \u{3000}a\n",
            "t.yaml:1:4: the value begins with a wide space (U+3000), which would be a part of it; remove that character"
        ),
        (
            "v\u{200B}: a\n",
            "t.yaml:1:1: the key ends with an invisible character (U+200B), which would be a part of it; "
                + "remove that character"
        ),
        ("v\u{FF1A} a\nw: 1\n", "t.yaml:1:2: '\u{FF1A}' (U+FF1A) is not ':'; write ':'"),
    ])
    func `a character that looks like a space or a colon is reported`(text: String, message: String) {
        #expect(problems(of: text) == message)
    }

    @Test(arguments: ["v: a\u{A0}b\n", "v: '\u{A0}a\u{A0}'\n", "v: |\n  a\u{A0}\n", "v: é\n", "v: -é\n"])
    func `other spaces inside a text, or in quotes, stay`(text: String) {
        #expect(problems(of: text) == "")
    }

    @Test(arguments: [
        ("v:\n  /* c */\n  a: 1\n", "t.yaml:2:3: '/*' does not begin a comment in YAML; write '# c'"),
        ("v:\n  ; c\n  a: 1\n", "t.yaml:2:3: ';' does not begin a comment in YAML; write '# c'"),
        ("-- c\nv: 1\n", "t.yaml:1:1: '--' does not begin a comment in YAML; write '# c'"),
        ("v:\n  <!-- c -->\n  a: 1\n", "t.yaml:2:3: '<!--' does not begin a comment in YAML; write '# c'"),
        ("/*\n c\n*/\nv: 1\n", "t.yaml:1:1: '/*' does not begin a comment in YAML; begin each line of it with '#'"),
    ])
    func `a comment of another language is reported`(text: String, message: String) {
        #expect(problems(of: text) == message)
    }

    @Test(arguments: [
        ("v: \"a\";\n", "t.yaml:1:7: ';' does not end a value in YAML; remove it"),
        ("v: [a],\nw: 1\n", "t.yaml:1:7: ',' does not end a value in YAML; remove it"),
        ("v:\n  * a\n  * b\nw: 1\n", "t.yaml:2:3: '*' does not begin an item of a list; write '-'"),
    ])
    func `a separator or item of another notation is reported`(text: String, message: String) {
        #expect(problems(of: text) == message)
    }

    @Test func `an alias without an anchor does not hide other mistakes`() {
        #expect(
            problems(of: "a: *x\nb: !y z\n<<: *w\n") == """
                t.yaml:1:4: alias '*x' has no anchor in this document; put it in quotes if it is text: '*x', or write '&x' \
                before the value that it names
                t.yaml:2:4: tag '!y' means nothing here, so the text would be taken as it is; remove the tag, or put the text \
                in quotes: '!y z'
                t.yaml:3:5: alias '*w' has no anchor in this document; put it in quotes if it is text: '*w', or write '&w' \
                before the value that it names
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
