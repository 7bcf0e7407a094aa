import Reporting
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
            (["graph", "--output", "DOT"], "invalid value 'DOT' for --output (did you mean 'dot'?)"),
            (["status", "--wacht"], "unknown flag '--wacht' (did you mean '--watch'?)"),
            (["check", "-config", "x"], "unknown flag '-config' (did you mean '--config'?)"),
            (["logs", "-fx"], "unknown flag '-fx' (expected one of --since, "),
            (
                ["init", "k3s", "-o", "d", "--role", "a,,b"],
                "invalid value '' for '--role': expected lower-case letters, digits and dashes"
            ),
            (
                ["init", "k3s", "-o", "d", "--role", "a b"],
                "invalid value 'a b' for '--role': expected lower-case letters, digits and dashes"
            ),
            (
                ["init", "k3s", "-o", "d", "--host-name", "a b"],
                "invalid value 'a b' for '--host-name': expected letters, digits, '-' and '.', as 'hostname' prints it"
            ),
            (["logs", "-oj"], "invalid value 'j' for --output (did you mean 'json'?)"),
            (
                ["logs", "-oyml"],
                "invalid value 'yml' for --output (expected one of 'text', 'json')"
            ),
            (["run", "-v"], "unknown flag '-v' (expected one of --task, "),
            (["--dry-run"], "no command given (flag '--dry-run' belongs to 'up', 'run', 'certificates' and 'reset')"),
            (["export"], "unknown command 'export' (expected one of up, run, "),
            (["check", "--out", "json"], "unknown flag '--out' (did you mean '--output'?)"),
            (["run", "--dry"], "unknown flag '--dry' (did you mean '--dry-run'?)"),
            (["run", "--with"], "unknown flag '--with' (did you mean '--with-dependencies'?)"),
            (["status", "--kube", "k"], "unknown flag '--kube' (did you mean '--kubeconfig'?)"),
            (["status", "-wh=x"], "flag '-h' takes no value"),
            (["status", "--help=x"], "flag '--help' takes no value"),
            (
                ["explain", "a", "b"],
                "'explain' takes one key: unexpected argument 'b'; see 'nest-bootstrap explain --help'"
            ),
            (
                ["help", "run", "extra"],
                "'help' takes one command: unexpected argument 'extra'; see 'nest-bootstrap --help'"
            ),
            (["--version", "extra"], "'--version' takes no arguments: 'extra'; see 'nest-bootstrap --help'"),
            (
                ["schema", "--root", "/x"],
                "'schema' has no flag '--root' (it belongs to \(owners(of: "--root"))); see"
            ),
            (
                ["run", "--all-nodes"],
                "'run' has no flag '--all-nodes' (it belongs to 'status', 'check' and 'graph'); see"
            ),
            (
                ["explain", "--host-name", "a"],
                "'explain' has no flag '--host-name' (it belongs to \(owners(of: "--host-name"))); see"
            ),
            (
                ["status", "--dry-run"],
                "'status' has no flag '--dry-run' (it belongs to 'up', 'run', 'certificates' and 'reset'); see"
            ),
            (["run", "my task"], "'run' takes no arguments: 'my task' (use --task 'my task'); see"),
        ] as [([String], String)]
    )
    func `a mistake is reported with what to type`(arguments: [String], message: String) {
        let error = #expect(throws: UsageError.self) { try parseArguments(arguments) }
        #expect(error?.description.hasPrefix(message) == true, "\(error?.description ?? "")")
    }
}

/// The first commands that have a flag, and the number of the others, as a message names them.
private func owners(of flag: String) -> String {
    let names = shownCommands.filter { $0.flagForms.contains { $0.name == flag } }.map { "'\($0.name)'" }
    return "\(names.prefix(3).joined(separator: ", ")) and \(names.count - 3) more"
}
