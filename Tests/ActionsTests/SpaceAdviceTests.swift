import Host
import TestSupport
import Testing

@testable import Actions

/// Programs that say that no space is left.
@Suite(.temporaryDirectory, .timeLimit(.minutes(30)))
struct SpaceAdviceTests {
    private func text(_ line: String, targets: [String] = []) -> String? {
        SpaceAdvice(environment: ["TMPDIR": TemporaryDirectory.path], targets: targets).text(for: line)?
            .replacing(TemporaryDirectory.path, with: "DIR")
    }

    @Test func `the directory of temporary files is named if the path is below it`() {
        let file = TemporaryDirectory.file("sortA")
        let text = text("sort: write failed: \(file): No space left on device")
        #expect(
            text?.hasPrefix("'DIR', its directory for temporary files, had no space left (now ") == true,
            "\(text ?? "")"
        )
        #expect(text?.contains("{TMPDIR: ") == true)
    }

    @Test func `another path, or no line about space, has no advice`() {
        #expect(text("sort: write failed: /srv/x: No space left on device") == nil)
        #expect(text("sort: write failed: \(TemporaryDirectory.file("x")): Input/output error") == nil)
        // The target is in the same file system, and has space.
        #expect(text("write error: No space left on device", targets: [TemporaryDirectory.path]) == nil)
    }
}
