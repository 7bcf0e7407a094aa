import TestSupport
import Testing

/// Command `logs` where journalctl has nothing to show.
@Suite(.temporaryDirectory, .timeLimit(.minutes(30)))
struct LogsTests {
    @Test func `a journal that is not there is a failure`() async throws {
        let root = TemporaryDirectory.file("root")
        let result = try await Tool.run(TestNode.program, ["logs", "--root", root])
        #expect(result.status == 1 && result.output == "")
        let message = "there is no journal in '\(root)/var/log/journal' or '\(root)/run/log/journal'"
        #expect(result.errors.contains("\(message); correct the directory of '--root'\n"), "\(result.errors)")
    }

    @Test(.enabled(if: (try? Files.exists("/usr/bin/systemd-analyze")) == true))
    func `a text that is not a time is wrong usage`() async throws {
        let result = try await Tool.run(TestNode.program, ["logs", "--since", "garbage"])
        #expect(result.status == 64 && result.output == "")
        #expect(result.errors.contains("'--since' is a duration such as 10m, or a time such as"), "\(result.errors)")
        #expect(result.errors.contains("found 'garbage'; see 'nest-bootstrap logs --help'"), "\(result.errors)")
    }
}
