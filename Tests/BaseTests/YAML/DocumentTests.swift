import Base
import Testing

@Suite(.timeLimit(.minutes(15))) struct DocumentTests {
    /// Index, line and value of each document, or the problem in its place.
    private func outline(_ text: String) -> [String] {
        outline(Array(text.utf8))
    }

    private func outline(_ bytes: [UInt8]) -> [String] {
        var lines: [String] = []
        for result in readEachDocument(bytes, file: "t.yaml") {
            switch result {
            case .success(let document):
                let value = document.root.map { String(decoding: $0.json(), as: UTF8.self) } ?? "nothing"
                lines.append("\(document.index) \(document.location.position?.line ?? 0) \(value)")
            case .failure(let problems): lines.append(problems.problems.description)
            }
        }
        return lines
    }

    @Test(arguments: [
        ("", []),
        ("\n\n", ["1 1 nothing"]),
        ("# only a comment\n", ["1 1 nothing"]),
        ("a: 1\n---\nb: 2\n", ["1 1 {\"a\":1}", "2 3 {\"b\":2}"]),
        ("---\na: 1", ["1 2 {\"a\":1}"]),
        ("# c\n---\na: 1\n", ["1 1 nothing", "2 3 {\"a\":1}"]),
        ("a: 1\n--- # c\nb: 2\n", ["1 1 {\"a\":1}", "2 3 {\"b\":2}"]),
        ("a: 1\n---#c\nb: 2\n", ["1 1 {\"a\":1}", "2 3 {\"b\":2}"]),
        ("a: 1\n---\n---\nb: 2\n", ["1 1 {\"a\":1}", "2 4 {\"b\":2}"]),
        ("a: 1\n---\n---\n---\nb: 2\n", ["1 1 {\"a\":1}", "2 4 nothing", "3 5 {\"b\":2}"]),
        ("a: 1\n---\n", ["1 1 {\"a\":1}"]),
        ("a: 1\n...\n---\nb: 2\n...\n", ["1 1 {\"a\":1}", "2 4 {\"b\":2}"]),
        ("---\nnull\n---\n~\n", ["1 2 null", "2 4 null"]),
        ("a: |\n  x\n  ---\n  y\n", ["1 1 {\"a\":\"x\\n---\\ny\\n\"}"]),
        ("a: 1\r\n---\r\nb: 2\r\n", ["1 1 {\"a\":1}", "2 3 {\"b\":2}"]),
        ("\u{FEFF}a: 1\n---\n\u{FEFF}b: 2\n", ["1 1 {\"a\":1}", "2 3 {\"b\":2}"]),
        ("\u{FEFF}---\na: 1\n", ["1 2 {\"a\":1}"]),
        ("%YAML 1.1\n---\na: 1\n", ["1 3 {\"a\":1}"]),
        ("# c\n%YAML 1.2\n---\na: 1\n---\nb: 2\n", ["1 4 {\"a\":1}", "2 6 {\"b\":2}"]),
        ("a: |\n  no line end", ["1 1 {\"a\":\"no line end\\n\"}"]),
    ])
    func `a file is split as kubectl splits it`(text: String, expected: [String]) {
        #expect(outline(text) == expected)
    }

    @Test func `a broken document does not stop the next`() {
        #expect(
            outline("a: [\n---\nb: 2\n---\nc: 'x\n---\nd: 4\n") == [
                "t.yaml:2:1: did not find expected node content while parsing a flow node",
                "2 3 {\"b\":2}",
                "t.yaml:5:4: the string that begins with ' here is never closed",
                "4 7 {\"d\":4}",
            ],
        )
    }

    @Test func `text after a marker makes only its document invalid`() {
        let problem =
            "t.yaml:2:5: text after the document marker '---'; "
            + "write it on the next line, or indent the line if it belongs to the text before it"
        #expect(outline("a: 1\n--- {b: 2}\n---\nc: 3\n") == ["1 1 {\"a\":1}", problem, "3 4 {\"c\":3}"])
        #expect(problems(of: "-----BEGIN CERTIFICATE-----\n").hasPrefix("t.yaml:1:4: text after"))
    }

    @Test func `a second document without a marker is refused`() {
        let expected = "another document begins here without a line '---' before it; put a line '---' before it"
        #expect(problems(of: "a: 1\n...\nb: 2\n") == "t.yaml:3:1: did not find expected <document start>")
        #expect(problems(of: "a: 1\r---\rb: 2\r") == "t.yaml:2:1: \(expected)")
    }

    @Test(arguments: [
        (#"{"a": "\ud83d\ude00", "b": 1}"#, ["1 1 {\"a\":\"😀\",\"b\":1}"]),
        ("{\t\"a\":\n\t1}", ["1 1 {\"a\":1}"]),
        ("{\"a\":1}{\"b\":2}\n{\"c\":3}", ["1 1 {\"a\":1}", "2 1 {\"b\":2}", "3 2 {\"c\":3}"]),
        ("{\"a\":1}\n---\n{\"b\":\"\\/\"}\n---\nc: 3", ["1 1 {\"a\":1}", "2 3 {\"b\":\"/\"}", "3 5 {\"c\":3}"]),
        ("{a: 1, b: [x]} # c\n", ["1 1 {\"a\":1,\"b\":[\"x\"]}"]),
        ("{\"a\": 1} # c\n", ["1 1 {\"a\":1}"]),
        (
            "{\"a\":1}\n{\"b\":",
            ["1 1 {\"a\":1}", "t.yaml:2:1: '{' is never closed"]
        ),
        (
            "{a: 1\n",
            ["t.yaml:2:1: did not find expected ',' or '}' while parsing a flow mapping that begins in line 1"]
        ),
        (
            "{\"a\": 1, \"a\": 2}",
            ["t.yaml:1:10: key 'a' is set twice, the first time at t.yaml:1:2; remove one of the two"]
        ),
    ])
    func `text in braces is JSON, or else YAML`(text: String, expected: [String]) {
        #expect(outline(text) == expected)
    }

    @Test func `a key longer than YAML allows is read from JSON`() throws {
        let key = String(repeating: "k", count: 2_000)
        #expect(try read("{\"\(key)\": 1}")?[key]?.integer == 1)
    }

    @Test func `locations are those of the file`() throws {
        let documents = try readDocuments(
            Array("# one\n---\nkind: A\nmetadata:\n  name: x\nlist:\n- ä: é\n".utf8),
            file: "dir/m.yaml",
        )
        let root = try #require(documents.last?.root)
        #expect(root.location.description == "dir/m.yaml:3:1")
        #expect(root["metadata"]?["name"]?.location.description == "dir/m.yaml:5:9")
        #expect(root["list"]?[0]?["ä"]?.location.description == "dir/m.yaml:7:6")
        #expect(root["list"]?[0]?.mapping?.entries.first?.location.description == "dir/m.yaml:7:3")
    }
}
