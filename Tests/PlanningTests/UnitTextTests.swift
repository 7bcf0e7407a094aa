import Base
import Testing
import YAML
@testable import Planning

/// How texts are written so that systemd reads them as they are.
@Suite(.timeLimit(.minutes(1))) struct UnitTextTests {
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
            ("\u{1b}[31mred", "\\u{1b}[31mred"),
        ]
    )
    func `a phrase is one line`(text: String, expected: String) {
        #expect(unitPhrase(text) == expected)
    }

    @Test func `a long phrase is cut off`() {
        #expect(unitPhrase(String(repeating: "x", count: 501)) == String(repeating: "x", count: 500) + "…")
    }

    @Test func `a wrong task file makes the target fail with its first mistake`() {
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
        #expect(
            files.first { $0.path.hasPrefix("k8s-bootstrap.target.d/") }
                == UnitFile(
                    path: "k8s-bootstrap.target.d/50-health.conf",
                    content: .text(
                        """
                        # Made by nest-bootstrap. Changes here are lost.

                        [Unit]
                        Description=the task file has 2 mistakes, the first: /etc/b.yaml:3:5: unknown key 'x'; 100%%
                        Requires=k8s-bootstrap-health.service
                        After=k8s-bootstrap-health.service
                        Wants=k8s-bootstrap--metrics.timer

                        """
                    )
                )
        )
        #expect(files.first?.path == "k8s-bootstrap-health.service")
        #expect(!files.contains { $0.path.hasSuffix(".wants") })
    }

    @Test func `a wrong task file leaves the tasks that have begun their units`() {
        let files = unitsForInvalidConfiguration(
            Problems([]),
            UnitsTests.call,
            isPublic: true,
            known: ["rbac", "../x"]
        )
        let expected = """
            # Made by nest-bootstrap, because the task file is invalid. Changes here are lost.

            [Unit]
            Description=Task rbac (the task file is invalid)
            Requires=k8s-bootstrap-health.service

            [Service]
            ExecStart=:/usr/bin/nest-bootstrap run --task rbac
            TimeoutStartSec=86460

            """
        let units = files.filter { $0.path.contains("rbac") || $0.path.contains("x") && !$0.path.contains("check") }
        #expect(
            units.filter { $0.path.hasSuffix(".service") } == [
                UnitFile(path: "k8s-bootstrap-rbac.service", content: .text(expected))
            ]
        )
    }
}
