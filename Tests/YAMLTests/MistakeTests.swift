import Base
import Testing
import YAML

/// Texts that can be parsed, but do not mean what kubectl would take them for.
@Suite(.timeLimit(.minutes(5))) struct MistakeTests {
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
