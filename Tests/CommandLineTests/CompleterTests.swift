import Host
import TestSupport
import Testing

@testable import nest_bootstrap

/// What may follow on a command line, as the scripts of the shells ask for it.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct CompleterTests {
    private let config = TemporaryDirectory.file("bootstrap.yaml")

    init() throws {
        let tasks = """
            nodes: {cp1: {role: control-plane}, w1: {roles: [worker, storage]}, "w-*": {role: worker}}
            tasks:
              alpha: {description: "\\e]0;OWNED\\a\\e[31mred\\e[0m", exec: {command: ls}}
              beta: {exec: {command: ls}}

            """
        try FileSystem.write(Array(tasks.utf8), to: config, mode: 0o644)
    }

    private func words(_ words: String...) -> [String] {
        guard case .words(let candidates) = Completer(words: words, environment: [:]).completion else { return [] }
        return candidates.map(\.word)
    }

    @Test func `what a task file says is printed without control characters`() {
        #expect(
            Completer(words: ["status", "-c", config, ""], environment: [:]).completion.text
                == "alpha\t\\x1b]0;OWNED\\x07red\nbeta\texec\n"
        )
    }

    @Test func `the file is found wherever it is named`() {
        #expect(words("status", "-c", config, "al") == ["alpha"])
        #expect(words("status", "--config=\(config)", "al") == ["alpha"])
        #expect(words("status", "-c\(config)", "al") == ["alpha"])
        #expect(words("logs", "-f", "-c", config, "--", "al") == ["alpha"])
    }

    @Test func `values are offered after a flag`() {
        #expect(words("run", "-c", config, "--task", "b") == ["beta"])
        #expect(words("check", "-o", "js") == ["json"])
        #expect(Completer(words: ["check", "--config", "pl"], environment: [:]).completion == .file)
        #expect(Completer(words: ["check", "--root", ""], environment: [:]).completion == .directory)
        #expect(words("check", "--output=js") == [])
    }

    @Test func `roles and hosts are those of the nodes`() {
        #expect(words("run", "-c", config, "--role", "") == ["control-plane", "storage", "worker"])
        #expect(words("check", "-c", config, "--host-name", "") == ["cp1", "w1"])
        #expect(words("certificates", "renew", "-c", config, "--node", "w") == ["w1"])
    }

    @Test func `once there is a dot, whole places are offered too`() {
        #expect(words("explain", "ta") == ["tasks"])
        #expect(words("explain", "tasks", "") == [] && words("frobnicate", "") == [])
        #expect(words("explain", "tasks.").contains("tasks.NAME.apply.wait"))
        #expect(words("explain", "tasks.NAME.ap").contains("tasks.NAME.apply"))
        #expect(words("explain", "apply.wa") == ["apply.wait"])
    }

    @Test func `a shell passes the line as it was typed`() throws {
        let line = "nest-bootstrap status 'a b"
        let given = try command(["completion", "--words", "--", line], as: CompletionCommand.self)
        #expect(given?.line == line && given?.listsWords == true)
    }

    @Test(
        arguments: [
            ("nest-bootstrap st", ["st"]), ("nest-bootstrap ", [""]), ("x status  a ", ["status", "a", ""]),
            ("x 'my dir/a' \"b c\" d\\ e", ["my dir/a", "b c", "d e"]), ("x \"my d", ["my d"]), ("x ''", [""]),
            ("x ~/a ~", ["/home/me/a", "~"]), ("x ~you/a '~/a' a~", ["~you/a", "~/a", "a~"]),
            ("x $HOME/a $(id) `id`", ["$HOME/a", "$(id)", "`id`"]),
            ("x \"a\\\"b\" --config=~/a", ["a\"b", "--config=~/a"]), ("A=1 B=2 x st", ["st"]), ("", []),
        ] as [(String, [String])]
    )
    func `a line is split as a shell does it, and nothing is run`(line: String, expected: [String]) {
        #expect(shellWords(line, home: "/home/me") == expected)
    }

    @Test func `the program completes a line as it was typed`() async {
        let call = ["completion", "--words", "--", "nest-bootstrap --vers"]
        let result = await callProgram(call)
        #expect(result.output == "--version\tshow the version\n", "\(result.errors)")
    }
}
