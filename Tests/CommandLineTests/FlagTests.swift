import Reporting
import TestSupport
import Testing

@testable import nest_bootstrap

/// Short names of flags, and hints at flags and values that were mistyped.
@Suite(.timeLimit(.minutes(5)))
struct FlagTests {
    /// A flag before its command is read as one of another command, if a value is the name of that one.
    @Test func `flags with the same name take a value in all commands or in none`() {
        for (name, forms) in Dictionary(grouping: FlagForm.all, by: \.name) {
            #expect(Set(forms.map { $0.value == nil }).count == 1, "\(name)")
        }
    }

    @Test func `a short name may have its value, or other short names, in the same argument`() throws {
        #expect(try options(["run", "-ojson"]).output == .json)
        #expect(try options(["-c/x.yaml", "check"]).config == "/x.yaml")
        var watch = StatusCommand()
        watch.isWatching = true
        for arguments in [["status", "-wojson"], ["status", "-wo", "json"], ["-wo=json", "status"]] {
            let given = try options(arguments)
            #expect(try command(arguments, as: StatusCommand.self) == watch && given.output == .json)
        }
        var logs = LogsCommand()
        (logs.names, logs.isFollowing, logs.boot) = (["a"], true, "-1")
        for arguments in [["-fb-1"], ["-fb=-1"], ["-fb", "-1"], ["-f", "--boot", "-1"], ["-f", "--boot=-1"]] {
            #expect(try command(["logs", "a"] + arguments) == logs, "\(arguments)")
        }
    }

    @Test(arguments: [["--frobnicate"], ["logs", "--frobnicate"]])
    func `the flags that may be meant are listed once, also by their short names`(arguments: [String]) throws {
        let error = #expect(throws: UsageError.self) { try parseArguments(arguments) }
        let list = try #require(error?.message.split(separator: "expected one of ").last?.dropLast())
        let names = list.split(separator: ", ").map(String.init)
        #expect(Set(names).count == names.count, "\(names)")
        #expect(Set(["-c", "--config", "-o", "--output", "-f", "-b", "-h", "--help"]).isSubset(of: names))
    }

    @Test(
        arguments: [
            (["run", "-x", "--output", "json"], .json), (["--output=json", "frobnicate"], .json),
            (["-o=json"], .json), (["-x", "-ojson"], .json), (["logs", "-fo", "json"], .json),
            (["run", "--output", "jsn"], .text), (["--output"], .text), ([], .text),
            // A name, or the value of another flag, chooses none.
            (["logs", "--since", "-ojson", "-x"], .text), (["status", "-x", "--", "-o", "json"], .text),
            (["run", "--task", "--output", "json"], .json),
            // Of several the last one counts.
            (["check", "-ojson", "--output=text"], .text), (["check", "-o", "json", "-o", "jsn"], .json),
            // The output of `init` is a directory.
            (["init", "-o", "json"], .text), (["-ojson", "init"], .text),
        ] as [([String], OutputFormat)]
    )
    func `wrong arguments are reported in the requested format`(arguments: [String], expected: OutputFormat) {
        #expect(wantedOutput(arguments) == expected)
    }

    @Test(arguments: [
        (["check", "--all"], "'certificates check' has no flag '--all' (it belongs to 'renew')"),
        (["renwe"], "unknown action 'renwe' (did you mean 'renew'?)"),
        ([], "'certificates' takes one of 'check', 'renew', 'rotate-ca'"),
        (["rotate-ca", "--node", "a"], "'certificates rotate-ca' has no flag '--node' (it belongs to 'check' and"),
        (["rotate-ca", "--dry-run"], "'--dry-run' requires '--step STEP'"),
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
