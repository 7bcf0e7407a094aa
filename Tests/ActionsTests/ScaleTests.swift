import TestSupport
import Testing

@testable import Actions

@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct ScaleTests {
    @Test func `10,000 tasks that need each other are checked`() async throws {
        // Every task reads what the first one writes, and runs after it by way of all others.
        let tasks = (1..<5000).map { index in
            "  t\(index): {after: [t\(index - 1)], file: {path: /etc/nest-test/\(index), source: /etc/nest-test/0}}"
        }
        let others = (0..<5000).map { "  u\($0): {file: {path: /etc/nest-test/u\($0), source: /etc/nest-test/0}}" }
        let first = "  t0: {file: {path: /etc/nest-test/0, content: x}}"
        try await withBench((["tasks:", first] + tasks + others).joined(separator: "\n")) { bench async throws in
            let problems = await bench.problems()
            #expect(problems.count == 5000)
            #expect(problems.first?.hasSuffix("but does not run after it; write 'after: [t0]'") == true)
        }
    }
}
