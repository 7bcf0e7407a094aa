import Testing
import YAML

@Suite(.timeLimit(.minutes(5)))
struct WritingTests {
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

    @Test func `keys can keep their order`() throws {
        let node = try readJSON(Array(#"{"version":1,"b":[{"z":1,"a":2}],"a":{"d":1,"c":2}}"#.utf8), file: "j")
        #expect(node.yamlLines(isSorted: false) == ["version: 1", "b:", "- z: 1", "  a: 2", "a:", "  d: 1", "  c: 2"])
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
