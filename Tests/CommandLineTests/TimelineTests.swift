import Host
import Testing

@testable import nest_bootstrap

@Suite(.timeLimit(.minutes(1)))
struct TimelineTests {
    @Test(
        arguments: [
            (1, true, nil),
            (0, true, "waits and earlier attempts are not known: the journal has nothing about the tasks of this boot"),
            (1, false, "later waits and attempts are not known: not all entries of this boot could be read"),
            (0, false, "waits and earlier attempts are not known: not all entries of this boot could be read"),
        ] as [(Int, Bool, String?)]
    )
    func `a note says what the journal does not have`(entryCount: Int, isComplete: Bool, note: String?) {
        let entry = LoggedEntry(sinceBoot: .seconds(1), fields: [:])
        let reading = JournalReading(entries: Array(repeating: entry, count: entryCount), isComplete: isComplete)
        #expect(TimelineCommand.note(about: reading) == note)
    }
}
