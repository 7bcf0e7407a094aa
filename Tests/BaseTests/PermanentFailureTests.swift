import Base
import Testing

@Suite struct PermanentFailureTests {
    private let location = SourceLocation(file: "m.yaml", position: SourceLocation.Position(line: 1, column: 1))

    @Test func `a mistake in a file is permanent, and what the system refuses is not`() {
        let refused = SystemError("cannot read", "/x", code: 2)
        #expect(isPermanent(Problem("unknown key 'x'", at: location)))
        #expect(!isPermanent(Problem("cannot read '/x'", at: location, cause: refused)))
        #expect(!isPermanent(Problem("the server is away")))
        #expect(!isPermanent(refused))
        var failed = Problem("'setup' exited with code 1", at: location)
        failed.mayPass = true
        #expect(!isPermanent(failed))
        #expect(
            isPermanent(
                Problem("cannot be used", cause: Problem("unknown key 'x'", at: location))
            )
        )
    }
}
