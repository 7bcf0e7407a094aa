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
        let mistakes = Diagnostics([
            Diagnostic(Place(file: "/etc/b.yaml", mark: Mark(line: 3, column: 5)), "unknown key 'x'", hint: "100%"),
            Diagnostic(Place(file: "/etc/b.yaml", mark: Mark(line: 9, column: 1)), "later"),
        ])
        let files = brokenUnits(mistakes, UnitsTests.call)
        #expect(
            files.last
                == UnitFile(
                    path: "k8s-bootstrap.target.d/50-diagnostics.conf",
                    content: .text(
                        """
                        # Made by nest-bootstrap, because the task file is wrong.

                        [Unit]
                        Description=the task file has 2 mistakes, the first: /etc/b.yaml:3:5: unknown key 'x'; 100%%
                        Requires=k8s-bootstrap--check.service
                        After=k8s-bootstrap--check.service

                        """
                    )
                )
        )
        #expect(files.first?.path == "k8s-bootstrap--check.service")
        #expect(files.count == 3)
    }

    @Test func `a wrong task file leaves the tasks that have begun their units`() {
        let files = brokenUnits(Diagnostics([]), UnitsTests.call, known: ["rbac", "../x"])
        let expected = """
            # Made by nest-bootstrap, because the task file is wrong. Changes here are lost.

            [Unit]
            Description=Task rbac of this Kubernetes node, the task file being wrong

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
