import Reporting
import Testing

@testable import nest_bootstrap

@Suite(.timeLimit(.minutes(30)))
struct LogsTests {
    private func call(_ arguments: String...) throws -> [String] {
        guard case .perform(let options) = try parseArguments(["logs"] + arguments),
            case .logs(let names, let logs) = options.command
        else { return [] }
        return LogsCommand.arguments(names, logs, options)
    }

    @Test func `without a name all entries of the program are shown`() throws {
        #expect(try call() == ["--no-hostname", "--output=short-full", "--identifier=nest-bootstrap"])
    }

    @Test func `a task has its own entries, those of its units, and those of systemd about them`() throws {
        #expect(
            try call("a").dropFirst(2) == [
                "NEST_TASK=a", "+", "_SYSTEMD_UNIT=k8s-bootstrap-a.service", "+", "UNIT=k8s-bootstrap-a.service", "+",
                "_SYSTEMD_UNIT=k8s-bootstrap-repeat@a.service", "+", "UNIT=k8s-bootstrap-repeat@a.service",
            ]
        )
        #expect(try call("a", "b").filter { $0.hasPrefix("NEST_TASK=") } == ["NEST_TASK=a", "NEST_TASK=b"])
        #expect(try call("a", "b").filter { $0 == "+" }.count == 9)
    }

    @Test func `flags are those of journalctl`() throws {
        #expect(
            try call("-f", "-b", "--since", "1h30m", "-o", "json", "--root", "/mnt") == [
                "--no-hostname", "--output=json", "--since=-1h30m", "--boot", "--follow", "--root=/mnt",
                "--identifier=nest-bootstrap",
            ]
        )
        #expect(try call("--since", "yesterday").contains("--since=yesterday"))
        #expect(try call("-b", "-1").contains("--boot=-1"))
        let identifier = "0123456789abcdef0123456789abcdef"
        #expect(try call("--boot=\(identifier)+1").contains("--boot=\(identifier)+1"))
        #expect(
            try call("-o", "plain") == [
                "--no-hostname", "--output=short-full", "--no-pager", "--identifier=nest-bootstrap",
            ]
        )
        let error = #expect(throws: UsageError.self) { try call("-o", "yaml") }
        #expect(
            error?.message == "'logs' and '--output yaml' are mutually exclusive: journalctl has no YAML"
        )
    }

    @Test func `only formats that journalctl has are offered`() {
        let help = helpText(.logs)
        #expect(help.contains("-o, --output text|table|json|plain\n") && !help.contains("|yaml"))
        let formats = ["text", "table", "json", "plain"].map { Candidate($0) }
        for words in [["logs", "--output", ""], ["logs", "-o", ""]] {
            #expect(Completer(words: words, environment: [:]).completion == .words(formats))
        }
    }

    @Test(arguments: [["-o", "json", "logs"], ["logs", "-o", "json"]])
    func `the output may be given before the command`(arguments: [String]) throws {
        #expect(try options(arguments).output == .json)
    }
}
