import Base
@testable import Planning
import Testing

/// How texts are written so that systemd reads them as they are.
@Suite(.timeLimit(.minutes(15))) struct UnitTextTests {
    @Test(
        arguments: [
            ("/usr/bin/x", "/usr/bin/x"), ("", "\"\""), ("two words", "\"two words\""), ("100%", "\"100%%\""),
            (#"a"b\c"#, #""a\"b\\c""#), ("a\nb\tc\u{1b}", #""a\nb\tc\x1b""#), (";", "\";\""), ("$HOME", "\"$HOME\""),
            ("größe", "\"größe\""),
        ]
    )
    func `a word is quoted where it must be`(text: String, expected: String) {
        #expect(unitWord(text) == expected)
    }

    @Test(
        arguments: [
            ("Say \"100%\" 'now'", "Say \"100%%\" 'now'"), ("a\nb", "a b"), ("ends in \\", "ends in \\ "),
            ("\u{1b}[31mred", "\\x1b[31mred"), ("\u{9b}\u{202a}\u{2066}", "\\x9b\\u{202a}\\u{2066}"),
            ("a\u{200f}b\u{61c}c\u{feff}", "a\\u{200f}b\\u{61c}c\\u{feff}"),
        ]
    )
    func `a phrase is one line`(text: String, expected: String) {
        #expect(unitPhrase(text) == expected)
    }

    @Test(
        arguments: [
            ("/srv/100%", "/srv/100%%"), ("/a\u{200f}b", "/a\u{200f}b"), ("/a\nb", "/a\\nb"), ("/a\\", "/a\\ "),
        ]
    )
    func `a path stays as it is where a line can have it`(path: String, expected: String) {
        #expect(unitPath(path) == expected)
        let long = "/" + String(repeating: "x", count: 1000)
        #expect(unitPath(long) == long)
    }

    @Test func `a long phrase is cut off`() {
        #expect(unitPhrase(String(repeating: "x", count: 501)) == String(repeating: "x", count: 500) + "…")
    }

    @Test func `a wrong task file makes the target fail with its first mistake`() throws {
        let mistakes = Problems([
            Problem(
                "unknown key 'x'",
                at: SourceLocation(file: "/etc/b.yaml", position: SourceLocation.Position(line: 3, column: 5)),
                hint: "100%"
            ),
            Problem(
                "later",
                at: SourceLocation(file: "/etc/b.yaml", position: SourceLocation.Position(line: 9, column: 1))
            ),
        ])
        let files = unitsForInvalidConfiguration(mistakes, UnitsTests.call, isPublic: true)
        guard
            case .text(let text)? = files.first(where: { $0.path == "k8s-bootstrap.target.d/50-tasks.conf" })?.content
        else { throw Problem("there is no drop-in") }
        let words = "the task file has 2 mistakes, the first: /etc/b.yaml:3:5: unknown key 'x'; 100%%"
        let lines = "Description=\(words)\nAssertPathExists=!/\nRequires=k8s-bootstrap-health.service"
        #expect(text.contains("\n\(lines)\n"), "\(text)")
        #expect(files.first?.path == "k8s-bootstrap-health.service")
        #expect(!files.contains { $0.path.hasSuffix(".wants") })
    }

    @Test func `a wrong task file leaves the tasks that have begun their units`() throws {
        let files = unitsForInvalidConfiguration(
            Problems([]),
            UnitsTests.call,
            isPublic: true,
            known: ["rbac", "../x"]
        )
        let units = files.filter { $0.path.contains("rbac") || $0.path.contains("x") && !$0.path.contains("check") }
            .filter { $0.path.hasSuffix(".service") }
        #expect(units.map(\.path) == ["k8s-bootstrap-rbac.service"])
        guard case .text(let text) = try #require(units.first).content else { return #expect(Bool(false)) }
        #expect(text.contains("\nRequires=k8s-bootstrap-health.service\n"), "\(text)")
        #expect(text.contains("nest-bootstrap run --task rbac\nTimeoutStartSec=86460\n"), "\(text)")
    }

    private func text(_ task: String) throws -> String {
        try #require(plan("tasks:\n  other: {exec: {command: 'true'}}\n\(task)").steps.last).task.declarationText
    }

    private static let exec = """
          a:
            description: one
            timeout: 1m
            exec: {command: sh, args: [-c, x], environment: {A: '1', B: '2', C: '3'}}
        """

    @Test(arguments: [
        // Elsewhere in the file, in another order, with another description and timeout.
        """

          # A comment.
          a: {timeout: 9m, description: two, exec: {environment: {C: '3', B: '2', A: '1'}, args: [-c, x], command: sh}}
        """,
        "  a: {after: [other], exec: {command: sh, args: [-c, 'x'], environment: {A: '1', B: '2', C: '3'}}}",
    ]) func `it is the same for the same work`(task: String) throws {
        #expect(try text(task) == text(Self.exec))
    }

    @Test(arguments: [
        "  a: {exec: {command: sh, args: [-c, other], environment: {A: '1', B: '2', C: '3'}}}",
        "  a: {exec: {command: sh, args: ['-cx'], environment: {A: '1', B: '2', C: '3'}}}",
        "  a: {exec: {command: sh, args: [-c, x], environment: {A: '1', B: '2', C: '4'}}}",
        "  a: {exec: {command: sh, args: [-c, x], environment: {A: '1', B: '2'}}}",
        "  a: {exec: {command: sh, args: [-c, x], network: false, creates: /x, environment: {A: '1', B: '2', C: '3'}}}",
        "  a: {every: 1h, exec: {command: sh, args: [-c, x], environment: {A: '1', B: '2', C: '3'}}}",
        "  a: {restart: [b.service], exec: {command: sh, args: [-c, x], environment: {A: '1', B: '2', C: '3'}}}",
    ]) func `it differs for other work`(task: String) throws {
        #expect(try text(task) != text(Self.exec))
    }

    @Test func `it has no place of the task file`() throws {
        let first = try text("  a: {file: {path: /etc/a, content: x, owner: root}}")
        #expect(try text("\n\n  a:\n    file:\n      owner: root\n      path: /etc/a\n      content: x") == first)
    }
}
