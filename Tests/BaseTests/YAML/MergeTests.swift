import Base
import Testing

/// Anchors, aliases and merge keys, the values measured with kubectl 1.32.4.
@Suite(.timeLimit(.minutes(15))) struct MergeTests {
    /// Two mappings to merge, before each text.
    private static let anchors = "base: &b {a: 1, b: 2}\nother: &c {a: 3, z: 4}\n"

    @Test(arguments: [
        ("{<<: *b, a: 9}", #"{"a":9,"b":2}"#),
        ("{a: 9, <<: *b}", #"{"a":1,"b":2}"#),
        ("{a: 9, <<: *b, b: 7}", #"{"a":1,"b":7}"#),
        ("{<<: [*b, *c]}", #"{"a":1,"z":4,"b":2}"#),
        ("{<<: [*c, *b]}", #"{"a":3,"b":2,"z":4}"#),
        ("{a: 0, <<: [*c, *b]}", #"{"a":3,"b":2,"z":4}"#),
        ("{<<: *b, <<: *c}", #"{"a":3,"b":2,"z":4}"#),
        ("{<<: *b, a: 5, <<: *c}", #"{"a":3,"b":2,"z":4}"#),
        ("{<<: {a: 7}}", #"{"a":7}"#),
        ("{<<: [{a: 7}, *b]}", #"{"a":7,"b":2}"#),
        ("{<<: []}", "{}"),
        ("{<<: {<<: *b, q: 1}, r: 2}", #"{"a":1,"b":2,"q":1,"r":2}"#),
        ("{? << : *b}", #"{"a":1,"b":2}"#),
        ("{! <<: *b}", #"{"a":1,"b":2}"#),
        ("{!!merge '<<': *b}", #"{"a":1,"b":2}"#),
        ("{'<<': *b}", #"{"<<":{"a":1,"b":2}}"#),
        ("{!!str <<: *b}", #"{"<<":{"a":1,"b":2}}"#),
        ("[<<, 1]", #"["<<",1]"#),
        ("[*b, *c]", #"[{"a":1,"b":2},{"a":3,"z":4}]"#),
    ])
    func `the last of merge and key applies, and the first of a list`(written: String, expected: String) throws {
        #expect(try read(Self.anchors + "v: \(written)\n")?["v"] == read(expected))
    }

    @Test(arguments: [
        ("{<<: 1}", "t.yaml:3:5: '<<' requires a mapping or a list of mappings, not a number"),
        ("{<<: }", "t.yaml:3:5: '<<' requires a mapping or a list of mappings, not nothing"),
        ("{<<: [*b, 1]}", "t.yaml:3:5: '<<' requires a mapping or a list of mappings, not a list with a number"),
        ("&l [*b]\nw: {<<: *l}", "t.yaml:4:5: '<<' requires a mapping or a list of mappings, not a list"),
        (
            "{a: 9, <<: *b, a: 8}",
            "t.yaml:3:19: key 'a' is set twice, the first time at t.yaml:3:5; remove one of the two"
        ),
        (
            "*d",
            "t.yaml:3:4: alias '*d' has no anchor in this document; put it in quotes if it is text: '*d', or write '&d' before the "
                + "value that it names"
        ),
        ("&v {a: *v}", "t.yaml:3:11: alias '*v' is inside the value of its anchor"),
        ("&v [{<<: *v}]", "t.yaml:3:13: alias '*v' is inside the value of its anchor"),
    ])
    func `a value that cannot be merged is refused`(written: String, message: String) {
        #expect(problems(of: Self.anchors + "v: \(written)\n") == message)
    }

    @Test func `an unknown alias is reported with a similar anchor`() {
        #expect(
            problems(of: "a: &resources {}\nb: *resuorces\n")
                == "t.yaml:2:4: alias '*resuorces' has no anchor in this document; did you mean '*resources'?",
        )
    }

    @Test func `an anchor that is defined twice has the later value`() {
        #expect(json(of: "[&x 1, &x 2, *x]") == "[1,2,2]")
        #expect(json(of: "[&x [&x 1], *x]") == "[[1],1]")
        #expect(json(of: "{&k a: *k}") == #"{"a":"a"}"#)
    }

    @Test func `an anchor ends with its document`() {
        #expect(
            problems(of: "a: &x 1\n---\nb: *x\n").hasPrefix("t.yaml:3:4: alias '*x' has no anchor in this document; ")
        )
    }

    @Test func `a merged key keeps the location at which it was written`() throws {
        let node = try read("base: &b\n  a: 1\nv:\n  <<: *b\n")
        #expect(node?["v"]?.mapping?.entries.first?.location.description == "t.yaml:2:3")
    }
}
