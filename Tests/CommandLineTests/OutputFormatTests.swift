import TestSupport
import Testing

/// The same objects as JSON and as YAML, of every command that has them.
@Suite(.temporaryDirectory, .timeLimit(.minutes(30)))
struct OutputFormatTests {
    private static let tasks =
        "tasks: {a: {exec: {command: ls}}, b: {after: [a], symlink: {path: /run/l, target: /etc}}}\n"

    /// The YAML documents of an output.
    private func objects(_ yaml: String) async throws -> [JSON] {
        try await yaml.yamlDocuments().filter { $0 != .null }
    }

    @Test(arguments: [["graph"], ["check", "--offline"], ["status"]])
    func `one object a document`(command: [String]) async throws {
        let node = try TestNode(Self.tasks)
        let json = await node.call(command + ["-o", "json"])
        let yaml = await node.call(command + ["-o", "yaml"])
        #expect(json.status == yaml.status)
        #expect(yaml.errors == "")
        let lines = json.output.split(separator: "\n").map(String.init)
        #expect(!lines.isEmpty)
        #expect(try await objects(yaml.output) == lines.map { try $0.json })
        #expect(try await yaml.output.yamlAsJSON().jsonKeys == json.output.jsonKeys)
        #expect(yaml.output.hasPrefix("---\nversion: 1\n"))
    }

    @Test func `a run is a stream of documents, errors included`() async throws {
        let node = try TestNode("tasks: {a: {exec: {command: sh, args: [-c, exit 3]}}}\n")
        let result = await node.call("run", "-o", "yaml")
        #expect(result.status == 1)
        let events = try await objects(result.output)
        #expect(events.first?["event"]?.string == "run-started")
        #expect(events.last?["event"]?.string == "run-finished")
        #expect(events.contains { $0["event"]?.string == "error" && $0["task"]?.string == "a" })
    }

    @Test func `wrong usage is an object too, and another format is refused`() async throws {
        let node = try TestNode(Self.tasks)
        let wrong = await node.call("status", "--al", "-o", "yaml")
        #expect(wrong.status == 64)
        #expect(try await objects(wrong.output).first?["event"]?.string == "error")
        let unknown = await node.call("status", "-o", "xml")
        #expect(
            unknown.errors.contains(
                "invalid value 'xml' for --output (expected one of 'text', 'json', 'yaml', 'plain')"
            )
        )
    }
}
