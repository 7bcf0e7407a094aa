import Base
import Testing

@Suite(.timeLimit(.minutes(15))) struct NodeTests {
    @Test func `nodes are made without a file`() {
        let node = Node.mapping(["name": .string("x"), "count": .number(3), "on": .boolean(true), "none": .null()])
        #expect(String(decoding: node.json(), as: UTF8.self) == #"{"name":"x","count":3,"on":true,"none":null}"#)
        #expect(node.location == .nowhere)
    }

    @Test func `nodes are equal regardless of order, location and spelling`() throws {
        #expect(try read("a: 0x10\nb: [1.0, 'x']") == read(#"{"b": [1, "x"], "a": 16}"#))
        #expect(try read("a: 1") != read("a: '1'"))
    }

    @Test(arguments: [
        ("a: |+\n  a\n\n\nb: >-\n  x\n  y\n\n   z\n", #"{"a":"a\n\n\n","b":"x y\n\n z"}"#),
        ("a: |2\n   a\n  b\n", #"{"a":" a\nb\n"}"#),
        ("a: |\nb: >\nc: |+\n", #"{"a":"","b":"","c":""}"#),
        ("a: b\n  c\n\n  d # e\n", #"{"a":"b c\nd"}"#),
        ("a: \"b\n  c\\\n   d\n\n  e\"\n", #"{"a":"b cd\ne"}"#),
        (#"a: "\u00e9\x41\U0001F600\0""#, #"{"a":"éA😀\u0000"}"#),
        ("a: 'it''s'\n", #"{"a":"it's"}"#),
        ("v:\n- - a\n  - b\n-\n  - c\n", #"{"v":[["a","b"],["c"]]}"#),
        (
            "a: {b: http://x:80/y, c: d:e, \"f\":1, g, h: }\n",
            #"{"a":{"b":"http://x:80/y","c":"d:e","f":1,"g":null,"h":null}}"#
        ),
        ("a: [b:c, \"x\":y, d: e, ]\n", #"{"a":["b:c",{"x":true},{"d":"e"}]}"#),
        ("a: b#c #d\n", #"{"a":"b#c"}"#),
        ("a:\t1\n", #"{"a":1}"#),
    ])
    func `blocks, folds and flows have kubectl's value`(text: String, expected: String) {
        #expect(json(of: text) == expected)
    }

    @Test func `a node has its style`() throws {
        let node = try read("- a\n- 'b'\n- \"c\"\n- |\n  d\n")
        #expect(node?.sequence?.map(\.style) == [.plain, .quoted, .quoted, .block])
    }

    private func yaml(_ text: String) throws -> String {
        try readJSON(Array(text.utf8), file: "j").yamlLines().joined(separator: "\n")
    }

    @Test func `an object is written as kubectl writes it`() throws {
        let json = #"""
            {"kind":"ConfigMap","data":{"a":"one\ntwo\n","b":"x\ny","c":"1","d":"","e":"z\n\n"},"apiVersion":"v1",
             "list":[{"name":"x","args":["--a=b","- c"]},[],{}],"n":1,"t":true,"z":null,"cidr":"10.0.0.0/8"}
            """#
        #expect(
            try yaml(json) == #"""
                apiVersion: v1
                cidr: 10.0.0.0/8
                data:
                  a: |
                    one
                    two
                  b: |-
                    x
                    y
                  c: "1"
                  d: ""
                  e: |+
                    z

                kind: ConfigMap
                list:
                - args:
                  - "--a=b"
                  - "- c"
                  name: x
                - []
                - {}
                "n": 1
                t: true
                z: null
                """#
        )
    }

    @Test(arguments: [
        #""yes""#, #""10""#, #""1e3""#, #""a: b""#, #""a #b""#, #""a\tb""#, #"" a""#, #"" a\nb""#, #""\nb""#, #""é""#,
        #""a:""#, #""~""#, #""*a""#, #""a\r\nb\r\n""#, #""2026-01-01""#, #""a\n\n\nb\n""#, #""0x1f/2""#,
        #"{"a b":{"- ":[[1,[2]],{"x":[]}]},"yes":"no","k":["l1\nl2\n",{"m":"x\ny"}]}"#,
    ])
    func `what is written is read as the same value`(json: String) throws {
        let node = try readJSON(Array("{\"k\":\(json)}".utf8), file: "j")
        let text = node.yamlLines().joined(separator: "\n") + "\n"
        #expect(try read(text) == node, "\(text)")
    }
}
