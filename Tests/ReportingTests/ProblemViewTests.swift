import Base
import Testing

@testable import Reporting

/// Problems with the line of their file, as on a terminal.
@Suite(.timeLimit(.minutes(15)))
struct ProblemViewTests {
    private func location(_ column: Int, line: Int = 3) -> Base.SourceLocation {
        Base.SourceLocation(file: "a.yaml", position: Base.SourceLocation.Position(line: line, column: column))
    }

    private func view(
        _ line: String?,
        columns: Int? = 40,
        isColoured: Bool = false
    ) -> ProblemView {
        ProblemView(columns: columns, isColoured: isColoured) { _ in line }
    }

    @Test func `the message is wrapped at words, and a caret is below the place`() {
        let problem = Problem(
            "unknown key 'aply' in task 'crds'",
            at: location(3),
            hint: "did you mean 'apply'?"
        )
        #expect(
            view("  aply: {}").text(problem, isWarning: false) == """
                a.yaml:3:3: error: unknown key 'aply' in
                    task 'crds'; did you mean 'apply'?
                  3 |   aply: {}
                    |   ^

                """
        )
        let coloured = view("a: b", isColoured: true).text(Problem("wrong", at: location(1)), isWarning: false)
        #expect(coloured.hasPrefix("\u{1b}[1ma.yaml:3:1:\u{1b}[0m \u{1b}[31merror:\u{1b}[0m wrong\n  3 | a: b\n"))
        #expect(coloured.hasSuffix("    | \u{1b}[31m^\u{1b}[0m\n"))
    }

    @Test(arguments: [
        ("\tb: c", 2, "    b: c", 4),
        ("日本: b", 5, "日本: b", 6),
        ("a\u{1b}[31m: b", 7, "a\\x1b[31m: b", 9),
        ("a: b", 5, "a: b", 4),
        // Beyond the end of the line.
        ("a: b", 50, "a: b", 4),
    ])
    func `columns are those of the terminal`(line: String, column: Int, shown: String, caret: Int) {
        let lines = view(line).text(Problem("wrong", at: location(column)), isWarning: true).split(
            separator: "\n"
        )
        #expect(lines[1] == "  3 | \(shown)")
        #expect(lines[2] == "    | " + String(repeating: " ", count: caret) + "^")
    }

    @Test func `a long line is cut around the place`() {
        let digits = String(repeating: "0123456789", count: 30)
        let line = digits + "X" + digits
        let text = view(line).text(Problem("wrong", at: location(301)), isWarning: false)
        let lines = text.split(separator: "\n")
        #expect(lines[1].count == 40)
        #expect(lines[2].prefix { $0 != "^" }.count == lines[1].prefix { $0 != "X" }.count)
        #expect(lines[1].hasSuffix("…"))
        #expect(lines[1].hasPrefix("  3 | …"))
    }

    @Test func `a problem without a place, or with a line that is not shown, is its message`() {
        #expect(view("a").text(Problem("no route"), isWarning: true) == "warning: no route\n")
        #expect(view("a").text(Problem("no route"), isWarning: false) == "nest-bootstrap: error: no route\n")
        let placed = Problem("wrong", at: location(1))
        #expect(view(nil).text(placed, isWarning: false) == "a.yaml:3:1: error: wrong\n")
    }

    @Test func `nothing is wrapped if the width is not known`() {
        let problem = Problem(String(repeating: "word ", count: 60) + "end", at: location(1))
        #expect(view(nil, columns: nil).text(problem, isWarning: false).split(separator: "\n").count == 1)
    }

    @Test func `each problem is there once, with the nodes that have it unless all have it`() {
        let (common, every) = (Problem("of the files"), Problem("of every node"))
        let (one, most) = (Problem("of one"), Problem("of most"))
        var findings = NodeFindings(common: [common])
        for number in 1...6 {
            let own = (number == 2 ? [one, one] : []) + (number < 6 ? [most] : [])
            findings.add("n\(number)", own + [common, every])
        }
        #expect(
            findings.problems.map(\.message) == [
                "of the files", "of most (nodes 'n1', 'n2', 'n3' and 2 more)", "of every node", "of one (node 'n2')",
            ]
        )
        #expect(findings.all.map(\.nodes.count) == [6, 5, 6, 1])
    }

    @Test func `the summary of a reset counts what was done, without commands that failed`() {
        var report = ResetReport(isDryRun: false)
        #expect(report.isComplete && report.summary == "records and cache deleted")
        report.commands = [
            .init(task: "a", text: "rm /a", hasFailed: false), .init(task: "b", text: "x", hasFailed: true),
        ]
        report.paths = [
            .init(task: "a", path: "/a", reason: nil), .init(task: "a", path: "/b", reason: nil),
            .init(task: "a", path: "/", reason: "is not empty"),
        ]
        #expect(report.summary == "1 command run, 2 paths deleted, 1 path not deleted")
        #expect(!report.isComplete)
        report.commands.removeLast()
        // What others have put into a directory may stay.
        #expect(report.isComplete)
    }
}
