import Execution
import Planning
import Reporting
import State
import Testing

@Suite(.timeLimit(.minutes(3)))
struct DrawnStateTests {
    @Test(
        arguments: [
            (.notYet, "not yet", .pending, "33"), (.waiting, "waiting", .waiting, "33"),
            (.running, "running", .running, "33"), (.unknown, "unknown", .waiting, "33"),
            (.ended(.changed), "changed", .succeeded, "32"), (.ended(.unchanged), "unchanged", .succeeded, "32"),
            (.ended(.failed), "failed", .failed, "31"), (.ended(.skipped), "skipped", .pending, "33"),
            (.ended(.interrupted), "interrupted", .waiting, "33"),
        ] as [(TaskState, String, DrawnState.Tone, String)]
    )
    func `every state has a word and a colour`(
        state: TaskState,
        word: String,
        tone: DrawnState.Tone,
        colour: String,
    ) {
        #expect(state.drawn == DrawnState(word, tone))
        #expect(state.drawn.tone.terminalColour == colour)
    }
}
