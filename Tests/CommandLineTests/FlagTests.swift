import Reporting
import TestSupport
import Testing

@testable import nest_bootstrap

/// Short names of flags, and hints at flags and values that were mistyped.
@Suite(.timeLimit(.minutes(15)))
struct FlagTests {
    @Test func `a short name may have its value in the same argument`() throws {
        #expect(try options(["run", "-ojson"]).output == .json)
        #expect(try options(["check", "-c/x.yaml"]).config == "/x.yaml")
        var logs = LogsCommand()
        (logs.names, logs.isFollowing, logs.boot) = (["a"], true, "-1")
        for arguments in [["-f", "-b-1"], ["-f", "-b=-1"], ["-b", "-1", "-f"], ["-f", "--boot=-1"]] {
            #expect(try command(["logs", "a"] + arguments) == logs, "\(arguments)")
        }
    }

    @Test func `the flags that may be meant are listed once, also by their short names`() throws {
        let error = #expect(throws: UsageError.self) { try parseArguments(["logs", "--frobnicate"]) }
        let list = try #require(error?.message.split(separator: "expected one of ").last?.dropLast())
        let names = list.split(separator: ", ").map(String.init)
        #expect(Set(names).count == names.count, "\(names)")
        #expect(Set(["-c", "--config", "-o", "--output", "-f", "-b", "-h", "--help"]).isSubset(of: names))
    }

    @Test(
        arguments: [
            (["run", "-x", "--output", "json"], .json), (["frobnicate", "--output=json"], .text),
            (["run", "-o=json"], .json), (["run", "-x", "-ojson"], .json), (["logs", "-f", "-o", "json"], .json),
            (["run", "--output", "jsn"], .text), (["--output"], .text), ([], .text),
            // A name, or the value of another flag, chooses none.
            (["logs", "--boot", "-ojson", "-x"], .text), (["status", "-x", "--", "-o", "json"], .text),
            (["run", "--task", "--output", "json"], .json),
            // Of several the last one counts.
            (["check", "-ojson", "--output=text"], .text), (["check", "-o", "json", "-o", "jsn"], .json),
            // The output of `init` is a directory.
            (["init", "-o", "json"], .text),
        ] as [([String], OutputFormat)]
    )
    func `wrong arguments are reported in the requested format`(arguments: [String], expected: OutputFormat) {
        #expect(givenOptions(arguments).output == expected)
    }

    @Test(arguments: [
        (["check", "--all"], "'certificates check' has no flag '--all' (it belongs to 'renew')"),
        (["renwe"], "unknown action 'renwe' (did you mean 'renew'?)"),
        ([], "'certificates' takes one of 'check', 'renew', 'rotate-ca'"),
        (["rotate-ca", "--node", "a"], "'certificates rotate-ca' has no flag '--node' (it belongs to 'check' and"),
        (["rotate-ca", "--dry-run"], "'certificates rotate-ca' has no flag '--dry-run' (it belongs to 'renew')"),
        (["rotate-ca", "--confirm"], "'--confirm' requires '--step STEP'"),
        (["rotate-ca", "--step=next"], "invalid value 'next' for --step (expected one of 'add', 'issue', 'remove')"),
        (["check", "--role", "worker"], "'certificates' has no flag '--role'"),
    ])
    func `a wrong call of 'certificates' is an error`(arguments: [String], message: String) async {
        let result = await callProgram(["certificates"] + arguments)
        #expect(result.status == 64)
        #expect(result.errors.hasPrefix("nest-bootstrap: \(message)"), "\(result.errors)")
    }
}
