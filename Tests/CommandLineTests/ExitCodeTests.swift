import Execution
import TestSupport
import Testing

@testable import nest_bootstrap

@Suite(.timeLimit(.minutes(5)))
struct ExitCodeTests {
    @Test(
        arguments: [
            ([.changed, .unchanged], nil, .success),
            ([], nil, .success),
            ([.changed, .skipped(because: ["a"])], nil, .failure),
            ([.failed(Plain("no")), .unchanged], nil, .failure),
            ([.interrupted, .failed(Plain("no"))], 2, .interrupted),
            ([.interrupted], 15, .terminated),
            // The signal came when all was done.
            ([.changed], 15, .success),
        ] as [([Outcome], Int32?, ExitCode)]
    )
    func `a report has an exit code`(outcomes: [Outcome], signal: Int32?, expected: ExitCode) {
        let report = Report(outcomes.map { .init(task: "t", outcome: $0, duration: .zero) })
        #expect(ExitCode(report, signal: signal) == expected)
    }
}
