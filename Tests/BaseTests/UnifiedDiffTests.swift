import Base
import Testing

@Suite(.timeLimit(.minutes(15)))
struct UnifiedDiffTests {
    @Test(arguments: [
        ("", "", []),
        ("a\n", "a\n", []),
        ("a\nb\nc\n", "a\nx\nc\n", ["@@ -1,3 +1,3 @@", " a", "-b", "+x", " c"]),
        ("", "a\nb\n", ["@@ -0,0 +1,2 @@", "+a", "+b"]),
        ("a\n", "", ["@@ -1 +0,0 @@", "-a"]),
        ("a\n", "a", ["@@ -1 +1 @@", "-a", "+a", "\\ No newline at end of file"]),
        ("a\n\n", "a\n", ["@@ -1,2 +1 @@", " a", "-"]),
        (
            "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\nx\n4\n5\n6\n7\n8\ny\n",
            ["@@ -1,9 +1,9 @@", " 1", " 2", "-3", "+x", " 4", " 5", " 6", " 7", " 8", "-9", "+y"]
        ),
    ])
    func `lines that differ are shown with three lines around them`(old: String, new: String, lines: [String]) {
        #expect(UnifiedDiff(from: old, to: new).lines == lines)
    }

    @Test func `differences far apart are hunks of their own`() {
        let old = (1...20).map(String.init)
        var new = old
        (new[1], new[17]) = ("x", "y")
        #expect(
            UnifiedDiff(from: old, to: new, contextCount: 1).lines == [
                "@@ -1,3 +1,3 @@", " 1", "-2", "+x", " 3", "@@ -17,3 +17,3 @@", " 17", "-18", "+y", " 19",
            ]
        )
    }

    /// Texts of few different lines, so that many alignments are possible.
    private func randomText(_ generator: inout SystemRandomNumberGenerator) -> [String] {
        (0..<Int.random(in: 0...30, using: &generator)).map { _ in
            ["a", "b", "c"].randomElement(using: &generator) ?? "a"
        }
    }

    @Test func `a diff of any two texts, applied to the old one, results in the new one`() async throws {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<500 {
            let (old, new) = (randomText(&generator), randomText(&generator))
            #expect(apply(UnifiedDiff(from: old, to: new, contextCount: 1).lines, to: old) == new, "\(old) \(new)")
        }
    }

    /// Applies hunks, checking the line numbers and the context.
    private func apply(_ lines: [String], to old: [String]) -> [String]? {
        var result: [String] = []
        var position = 0
        for line in lines {
            let rest = String(line.dropFirst())
            switch line.first {
            case "@":
                guard let match = line.wholeMatch(of: /@@ -(\d+)(?:,(\d+))? \+\d+(?:,\d+)? @@/),
                    let start = Int(match.1)
                else { return nil }
                let first = match.2 == "0" ? start : start - 1
                guard first >= position else { return nil }
                result += old[position..<first]
                position = first
            case " ", "-":
                guard position < old.count, old[position] == rest else { return nil }
                if line.first == " " { result.append(rest) }
                position += 1
            case "+": result.append(rest)
            default: return nil
            }
        }
        return result + old[position...]
    }

    @Test func `the shortest difference is found`() {
        let lines = UnifiedDiff(from: ["a", "b", "c", "a", "b", "b", "a"], to: ["c", "b", "a", "b", "a", "c"]).lines
        // The example of Myers' paper, whose shortest script has five edits.
        #expect(lines.count { $0.hasPrefix("-") || $0.hasPrefix("+") } == 5)
    }

    @Test func `texts without a common line are compared in little time`() {
        let (old, new) = ((0..<20_000).map { "a\($0)" }, (0..<20_000).map { "b\($0)" })
        #expect(UnifiedDiff(from: old, to: new).lines.count == 40_001)
    }
}
