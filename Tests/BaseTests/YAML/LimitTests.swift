import Base
import Testing

/// Hostile input: each ends in one line that names the limit, and none in a trap, a hang or a stack that overflows.
@Suite(.timeLimit(.minutes(15))) struct LimitTests {
    private let small = Limits(byteCount: 1_000, depth: 4, nodeCount: 20)

    @Test func `the size of a file is limited`() {
        #expect(
            problems(of: String(repeating: "#", count: 1_001), limits: small)
                == "t.yaml: file is too large: it has 1001 bytes, and the limit is 1000",
        )
        let huge = [UInt8](repeating: UInt8(ascii: "a"), count: 70_000_000)
        #expect(
            problems(of: huge).hasPrefix("t.yaml: file is too large: it has 70000000 bytes, and the limit is 67108864")
        )
    }

    @Test func `the depth of a document is limited`() {
        let expected = "nested too deeply: the limit is 4 levels"
        #expect(problems(of: "a: {b: {c: {d: 1}}}", limits: small) == "")
        #expect(problems(of: "a: {b: {c: {d: {}}}}", limits: small) == "t.yaml:1:16: \(expected)")
        #expect(problems(of: "x: &x {w: {}}\na: {b: *x}", limits: small) == "")
        #expect(problems(of: "x: &x {w: {z: {}}}\na: {b: *x}", limits: small) == "t.yaml:2:8: \(expected)")
    }

    @Test(arguments: ["[", "{a: ", "- ", "? ", "{[", "!!seq [", "&a [", "[\n"])
    func `a hundred thousand open brackets are refused`(bracket: String) {
        let text = String(repeating: bracket, count: 100_000)
        #expect(problems(of: text).contains("nested too deeply: the limit is 100 levels"))
    }

    @Test func `aliases count with their expanded nodes`() {
        let message = "document is too large: with aliases expanded it exceeds the limit of 20 nodes"
        #expect(problems(of: "a: &a [1, 2, 3]\nb: [*a, *a]\n", limits: small) == "")
        #expect(problems(of: "a: &a [1, 2, 3]\nb: [*a, *a, *a, *a]\n", limits: small) == "t.yaml:2:17: \(message)")
        #expect(
            problems(of: "a: &a {b: 1}\nb: {<<: [*a, *a, *a, *a, *a]}\n", limits: small) == "t.yaml:2:22: \(message)"
        )
    }

    @Test func `a billion laughs are refused`() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...90 {
            let aliases = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(aliases)]\n"
        }
        #expect(problems(of: text).contains("exceeds the limit of 1000000 nodes"))
    }

    @Test func `a hundred thousand aliases of aliases are refused`() {
        let text = "- &a0 []\n" + (1...100_000).map { "- &a\($0) [*a\($0 - 1)]\n" }.joined()
        #expect(problems(of: text).contains("nested too deeply: the limit is 100 levels"))
    }

    @Test func `the number of reported problems is limited`() {
        let lines = problems(of: String(repeating: "a: b\n", count: 100_000)).split(separator: "\n")
        #expect(lines.count == 101)
        #expect(lines.contains("t.yaml:101:1: too many problems: the limit is 100 a document"))
    }
}
