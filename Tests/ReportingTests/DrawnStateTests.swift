import Drawing
import Execution
import Planning
import Reporting
import State
import Testing

@Suite(.timeLimit(.minutes(30)))
struct DrawnStateTests {
    @Test(
        arguments: [
            (.notYet, "not yet", .pending, nil), (.waiting, "waiting", .waiting, nil),
            (.running, "running", .running, "1"), (.unknown, "unknown", .incomplete, "35"),
            (.ended(.changed), "changed", .succeeded, "32"), (.ended(.unchanged), "unchanged", .succeeded, "32"),
            (.ended(.failed), "failed", .failed, "31"), (.ended(.skipped), "skipped", .incomplete, "35"),
            (.ended(.interrupted), "interrupted", .incomplete, "35"),
        ] as [(TaskState, String, StateTone, String?)]
    )
    func `every state has a word and the colour of its kind`(
        state: TaskState,
        word: String,
        tone: StateTone,
        colour: String?,
    ) {
        #expect(state.drawn.word == word && state.drawn.tone == tone)
        #expect(state.drawn.countedWord == (word == "not yet" ? "not run yet" : word))
        #expect(state.drawn.painted("a") == (colour.map { "\u{1b}[\($0)ma\u{1b}[0m" } ?? "a"))
    }
}
