import Base
import Testing

@testable import Reporting

/// Problems with the line of their file, as on a terminal.
@Suite(.timeLimit(.minutes(5)))
struct ProblemViewTests {
    private func location(_ column: Int, line: Int = 3) -> Base.SourceLocation {
        Base.SourceLocation(file: "a.yaml", position: Base.SourceLocation.Position(line: line, column: column))
    }

    private func view(
        _ line: String?,
        columns: Int? = 40,
        isColoured: Bool = false,
        isUTF8: Bool = true
    ) -> ProblemView {
        ProblemView(columns: columns, isColoured: isColoured, isUTF8: isUTF8) { _ in line }
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

    @Test(arguments: [true, false])
    func `a long line is cut around the place`(isUTF8: Bool) {
        let digits = String(repeating: "0123456789", count: 30)
        let line = digits + "X" + digits
        let text = view(line, isUTF8: isUTF8).text(Problem("wrong", at: location(301)), isWarning: false)
        let lines = text.split(separator: "\n")
        #expect(lines[1].count == 40)
        #expect(lines[2].prefix { $0 != "^" }.count == lines[1].prefix { $0 != "X" }.count)
        #expect(lines[1].hasSuffix(isUTF8 ? "…" : "..."))
        #expect(lines[1].hasPrefix(isUTF8 ? "  3 | …" : "  3 | ..."))
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

    @Test func `what is left is reported with a command that a shell of this machine takes`() {
        var report = ResetReport(isDryRun: true)
        report.unlisted = [.init(task: "a", path: "/etc/x", reason: nil)]
        let creation = "is created by the program of the task"
        report.addLeftovers([.init(task: "b", path: "/srv/y", reason: "is not empty")])
        report.addLeftovers([
            .init(task: "b", path: "/srv/y/made", reason: creation),
            .init(task: "b", path: "/srv/y", reason: "is not empty"),
        ])
        let starts = [
            "a: /etc/x not deleted: it is not listed as made by the task; run 'rm /etc/x' if",
            "b: /srv/y not deleted: it is not empty; run 'ls -A /srv/y' to see",
            "b: /srv/y/made not deleted: it is created by the program of the task; run 'rm -r /srv/y/made' if",
        ]
        #expect(report.notes.count == 3 && zip(report.notes, starts).allSatisfy { $0.hasPrefix($1) }, "\(report.notes)")
    }

    @Test func `a task with several commands counts once, and former states are no commands of a task`() {
        var report = ResetReport(isDryRun: false)
        report.commands = [
            .init(task: "a", text: "rm /a"),
            .init(task: "a", text: "systemctl stop a", isRestoration: true),
            .init(task: "a", text: "systemctl disable a", isRestoration: true),
            .init(task: "b", text: "rm /b"),
        ]
        #expect(report.summary == "ran the reset commands of 2 tasks, restored 2 former states")
        #expect(report.question == "Run the reset commands of 2 tasks, restore 2 former states? [y/N] ")
    }

    @Test func `10,000 directories are compared without comparing each pair`() {
        var report = ResetReport(isDryRun: true)
        report.addLeftovers((0..<10_000).map { .init(task: "t", path: "/srv/\($0)", reason: "is created") })
        report.addLeftovers((0..<10_000).map { .init(task: "t", path: "/srv/\($0)/below", reason: "is not empty") })
        #expect(report.leftovers.count == 10_000)
    }

    @Test func `the command has the directory of --root, and quotes where the shell needs them`() {
        var report = ResetReport(isDryRun: true, root: "/mnt/a node")
        report.unlisted = [.init(task: "a", path: "/etc/x", reason: nil)]
        report.addLeftovers([.init(task: "b", path: "/srv/it's", reason: "is created by the program of the task")])
        #expect(report.notes.count == 2 && report.notes[0].contains("; run rm '/mnt/a node/etc/x' if nothing else"))
        #expect(report.notes.last?.contains(#"; run rm -r '/mnt/a node/srv/it'\''s' if nothing else"#) == true)
    }
}
