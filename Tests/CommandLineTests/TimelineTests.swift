import TestSupport
import Testing

@testable import nest_bootstrap

@Suite(.temporaryDirectory, .timeLimit(.minutes(30)))
struct TimelineTests {
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
        let format = await node.call("timeline", "--output", "dot")
        #expect(format.status == 64)
        #expect(format.errors.contains("text"), "\(format.errors)")
        let name = await node.call("timeline", "a")
        #expect(name.status == 64)
        #expect(name.errors.contains("'timeline' takes no arguments: 'a'"), "\(name.errors)")
        try node.write("tasks: {a: {}}\n", to: "bootstrap.yaml")
        #expect(await node.call("timeline").status == 78)
    }
}
