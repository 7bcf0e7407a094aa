import Reporting
import Testing

@testable import nest_bootstrap

/// The format in which wrong arguments are reported.
@Suite(.timeLimit(.minutes(5)))
struct WantedOutputTests {
    @Test(
        arguments: [
            (["run", "-x", "--output", "json"], .json), (["--output=json", "frobnicate"], .json),
            (["-o", "json"], .json), (["-o=json"], .json), (["-x", "-ojson"], .json), (["logs", "-fo", "json"], .json),
            (["-x=json"], .text), (["run", "--output", "jsn"], .text),
            (["--output"], .text), ([], .text),
        ] as [([String], OutputFormat)]
    )
    func `wrong arguments are reported in the requested format`(arguments: [String], expected: OutputFormat) {
        #expect(wantedOutput(arguments) == expected)
    }

    @Test(
        arguments: [
            (["logs", "--since", "-ojson", "-x"], .text), (["logs", "-x", "--since", "-o", "json"], .text),
            (["status", "-x", "--", "-o", "json"], .text), (["status", "-x", "--", "--output=json"], .text),
            (["run", "--task", "--output", "json"], .json), (["run", "--task", "-x", "-o", "json"], .json),
        ] as [([String], OutputFormat)]
    )
    func `a name or the value of another flag chooses none`(arguments: [String], expected: OutputFormat) {
        #expect(wantedOutput(arguments) == expected)
    }

    @Test(
        arguments: [
            (["check", "-o", "text", "-o", "json"], .json), (["check", "-ojson", "--output=text"], .text),
            (["check", "-o", "json", "-o", "jsn"], .json),
        ] as [([String], OutputFormat)]
    )
    func `of several formats the last one counts`(arguments: [String], expected: OutputFormat) {
        #expect(wantedOutput(arguments) == expected)
    }

    @Test(arguments: [
        ["init", "-o", "json"], ["init", "--output=json"], ["-ojson", "init"], ["-o", "json", "init", "x"],
        ["-x", "init", "-o", "json"],
    ])
    func `a file with the name of a format chooses none`(arguments: [String]) {
        #expect(wantedOutput(arguments) == .text)
    }
}
