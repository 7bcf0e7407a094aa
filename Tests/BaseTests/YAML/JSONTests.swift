import Base
import Testing

@Suite(.timeLimit(.minutes(15))) struct JSONTests {
    private func message(_ text: String, limits: Limits = .manifest) -> String {
        do throws(Problem) {
            let node = try readJSON(Array(text.utf8), file: "r", limits: limits)
            return String(decoding: node.json(), as: UTF8.self)
        } catch {
            return error.description
        }
    }

    @Test(arguments: [
        #"{"a":[1,-2.5,true,false,null,"x"],"b":{}}"#, "[]", "0", #""""#, #"[[],[[]],{}]"#,
        #"{"é":"\"\\\n\r\t\u0000\u001f😀"}"#, "[123456789012345678901234567890,1e+21]",
    ])
    func `values are written as they were read`(text: String) {
        #expect(message(text) == text)
    }

    @Test(arguments: [
        (" [ 1 , 2 ]\r\n", "[1,2]"),
        (#""\u00e9\/\b\f\ud83d\ude00""#, #""é/\u0008\u000c😀""#),
        (#""\ud83d x \ude00\ud83d""#, "\"\u{FFFD} x \u{FFFD}\u{FFFD}\""),
        ("[1.0,1e3,-0,1.10,9007199254740993]", "[1,1000,0,1.1,9007199254740993]"),
    ])
    func `spellings of the same value are normalised`(text: String, expected: String) {
        #expect(message(text) == expected)
    }

    @Test(arguments: [
        ("", "r:1:1: expected a value, found the end of the text"),
        ("{\"a\":\n 1,}", "r:2:4: expected a key in double quotes, found '}'"),
        ("[1,]", "r:1:4: expected a value, found ']'"),
        ("[1 2]", "r:1:4: expected ',' or ']', found '2'"),
        ("{\"a\" 1}", "r:1:6: expected ':' after the key 'a', found '1'"),
        ("{a: 1}", "r:1:2: expected a key in double quotes, found 'a'"),
        ("[01]", "r:1:3: expected ',' or ']', found '1'"),
        ("[+1]", "r:1:2: expected a value, found '+'"),
        ("[1.]", "r:1:4: expected a digit, found ']'"),
        ("[.5]", "r:1:2: expected a value, found '.'"),
        ("[1e]", "r:1:4: expected a digit, found ']'"),
        ("nul", "r:1:1: expected a value, found 'n'"),
        ("[1] x", "r:1:5: unexpected 'x' after the JSON value"),
        ("\n [\"é\", {", "r:2:8: '{' is never closed"),
        ("[\"ab", "r:1:2: string is never closed"),
        ("[\"a\nb\"]", "r:1:4: control character (byte 0xA) in a string, where JSON requires an escape such as '\\n'"),
        ("\"\\x\"", "r:1:3: '\\' does not escape 'x' in JSON"),
        ("\"\\é\"", "r:1:3: '\\' does not escape byte 0xC3 in JSON"),
        ("\"\\\n\"", "r:1:3: '\\' does not escape byte 0xA in JSON"),
        ("\"\\u12g4\"", "r:1:2: '\\u' requires four hexadecimal digits"),
        ("{\"a\":1,\n\"a\":2}", "r:2:1: key 'a' is set twice, the first time at r:1:2; remove one of the two"),
        ("{\"a\":1,\n\"\\u0061\":2}", "r:2:1: key 'a' is set twice, the first time at r:1:2; remove one of the two"),
    ])
    func `invalid JSON is refused with its location`(text: String, expected: String) {
        #expect(message(text) == expected)
    }

    @Test(arguments: [
        ("x \u{2028} y", #""x \u2028 y""#), ("p\u{2029}   q", #""p\u2029   q""#), ("a\u{85}b", #""a\u0085b""#),
        ("\u{7f}\u{9f}\u{feff}\u{fffe}\u{ffff}", #""\u007f\u009f\ufeff\ufffe\uffff""#), ("é€😀\u{a0}", #""é€😀\#u{a0}""#),
    ])
    func `characters that break lines in YAML are escaped`(text: String, json: String) {
        #expect(String(decoding: Node.string(text).json(), as: UTF8.self) == json)
    }

    @Test func `a string that is not UTF-8 is refused`() {
        #expect(
            throws: Problem(
                "string is not UTF-8",
                at: SourceLocation(file: "r", position: SourceLocation.Position(line: 1, column: 2))
            )
        ) {
            try readJSON([0x5B, 0x22, 0xC3, 0x22, 0x5D], file: "r", limits: .manifest)
        }
    }

    @Test func `nesting and size have limits`() {
        let limits = Limits(byteCount: 100, depth: 3, nodeCount: 5)
        #expect(message("[[[1]]]", limits: limits) == "[[[1]]]")
        #expect(message("[[[[1]]]]", limits: limits) == "r:1:4: nested too deeply: the limit is 3 levels")
        #expect(
            message("[1,2,3,4,5]", limits: limits)
                == "r:1:10: document is too large: with aliases expanded it exceeds the limit of 5 nodes",
        )
        #expect(
            message(String(repeating: " ", count: 101), limits: limits)
                == "r: file is too large: it has 101 bytes, and the limit is 100",
        )
        #expect(message(String(repeating: "[", count: 100_000)).contains("nested too deeply"))
    }

    @Test func `columns are counted in characters`() throws {
        let node = try readJSON(Array("{\"é\": 1,\n  \"b\": [true]}".utf8), file: "r", limits: .manifest)
        #expect(node["b"]?[0]?.location.description == "r:2:9")
        #expect(node.mapping?.entries.map(\.location.description) == ["r:1:2", "r:2:3"])
    }

    @Test func `two megabytes on one line are read in one pass`() throws {
        let item = #"{"metadata":{"name":"pod-é","labels":{"a":"b"}},"spec":{"n":[1,2,3],"text":"x\ny"}}"#
        let text = "{\"items\":[" + Array(repeating: item, count: 25_000).joined(separator: ",") + "]}"
        let node = try readJSON(Array(text.utf8), file: "r", limits: .manifest)
        #expect(node["items"]?.sequence?.count == 25_000)
    }
}
