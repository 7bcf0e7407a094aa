import Reporting
import TestSupport
import Testing

@testable import nest_bootstrap

@Suite(.timeLimit(.minutes(15)))
struct LogsTests {
    private func call(_ arguments: String...) throws -> [String] {
        let options = try options(["logs"] + arguments)
        return try #require(try command(["logs"] + arguments, as: LogsCommand.self)).arguments(
            options,
            users: [0, 998]
        )
    }

    @Test func `without a name all entries of the program are shown`() throws {
        #expect(try call() == ["--no-hostname", "--output=short", "--boot=0"] + Self.all)
    }

    /// The entries of the program, of the users that run tasks.
    private static let all = [
        "SYSLOG_IDENTIFIER=nest-bootstrap", "_UID=0", "+", "SYSLOG_IDENTIFIER=nest-bootstrap", "_UID=998", "+",
        "SYSLOG_IDENTIFIER=nest-bootstrap", "_TRANSPORT=kernel",
    ]

    @Test func `a task has its own entries, those of its units, and those of systemd about them`() throws {
        #expect(
            try call("a").dropFirst(3) == [
                "NEST_TASK=a", "_UID=0", "+", "NEST_TASK=a", "_UID=998", "+",
                "_SYSTEMD_UNIT=k8s-bootstrap-a.service", "+", "UNIT=k8s-bootstrap-a.service", "_PID=1", "+",
                "_SYSTEMD_UNIT=k8s-bootstrap-repeat@a.service", "+", "UNIT=k8s-bootstrap-repeat@a.service", "_PID=1",
            ]
        )
        #expect(try call("a", "b").filter { $0.hasPrefix("NEST_TASK=") }.count == 4)
        #expect(try call("a", "b").filter { $0 == "+" }.count == 11)
    }

    @Test func `flags are those of journalctl`() throws {
        #expect(
            try call("-f", "-b", "-1", "-o", "json") == ["--no-hostname", "--output=json", "--boot=-1", "--follow"]
                + Self.all
        )
    }
}
