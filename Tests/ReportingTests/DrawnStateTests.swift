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
            (.running, "running", .running, "1"), (.unknown, "unknown", .waiting, nil),
            (.ended(.changed), "changed", .succeeded, "32"), (.ended(.unchanged), "unchanged", .succeeded, "32"),
            (.ended(.failed), "failed", .failed, "31"), (.ended(.skipped), "skipped", .pending, nil),
            (.ended(.interrupted), "interrupted", .waiting, nil),
        ] as [(TaskState, String, DrawnState.Tone, String?)]
    )
    func `every state has a word and the colour of its kind`(
        state: TaskState,
        word: String,
        tone: DrawnState.Tone,
        colour: String?,
    ) {
        #expect(state.drawn.word == word && state.drawn.tone == tone)
        #expect(state.drawn.countedWord == (word == "not yet" ? "not run yet" : word))
        #expect(state.drawn.painted("a") == (colour.map { "\u{1b}[\($0)ma\u{1b}[0m" } ?? "a"))
    }
}
