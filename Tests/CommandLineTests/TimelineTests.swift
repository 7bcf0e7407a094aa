import Host
import TestSupport
import Testing

@testable import nest_bootstrap

@Suite(.temporaryDirectory, .timeLimit(.minutes(30)))
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

    @Test func `before the first run nothing has run`() async throws {
        let node = try TestNode("tasks: {a: {exec: {command: ls}}}\n")
        let text = await node.call("timeline")
        #expect(text.status == 0)
        #expect(text.outputLines.first == "1 task: 1 not run yet")
        let json = try await node.call("timeline", "--output", "json").output.json
        #expect(json["criticalPath"]?.sequence?.isEmpty == true)
        #expect(json["ongoing"]?.boolean == false)
        let none = try TestNode("tasks: {}\n", in: TemporaryDirectory.file("none"))
        #expect(await none.call("timeline").output == "no task for this node\n")
    }

    @Test func `wrong arguments and task files are refused`() async throws {
        let node = try TestNode("tasks: {a: {exec: {command: ls}}}\n")
        let both = await node.call("timeline", "--format", "svg", "--output", "json")
        #expect(both.status == 64)
        #expect(both.errors == "")
        let message = "'--format' and '--output json' are mutually exclusive; see 'nest-bootstrap timeline --help'"
        #expect(try both.output.json["message"]?.string == message)
        let format = await node.call("timeline", "--format", "dot")
        #expect(format.status == 64)
        #expect(format.errors.contains("text"), "\(format.errors)")
        let name = await node.call("timeline", "a")
        #expect(name.status == 64)
        #expect(name.errors.contains("'timeline' takes no arguments: 'a'"), "\(name.errors)")
        try node.write("tasks: {a: {}}\n", to: "bootstrap.yaml")
        #expect(await node.call("timeline").status == 78)
    }
}
