import Base
import Planning
import Testing

/// The reference of the task file against the reader that it describes.
@Suite(.timeLimit(.minutes(15))) struct TaskFileReferenceTests {
    /// The keys that the reader knows in a mapping, from the hint at an unknown one.
    private func knownKeys(_ text: String) -> [String] {
        let printed = problems(text).split(separator: "\n").first { $0.contains("unknown key 'qqqqqqqq'") } ?? ""
        let known = printed.split(separator: "expected one of ").last?.split(separator: ";").first ?? ""
        return known.replacing(" or ", with: ", ").split(separator: ", ").map(String.init)
    }

    @Test(arguments: verbNames) func `a verb reads the keys that are described`(verb: String) throws {
        let section = try #require(taskFileReference().first { $0.path == "tasks.NAME.\(verb)" })
        let known = knownKeys("tasks: {t: {\(verb): {qqqqqqqq: x}}}")
        #expect(known == section.keys.map(\.name).sorted())
    }

    @Test func `a task reads the keys that are described, and the verbs`() throws {
        let section = try #require(taskFileReference().first { $0.path == "tasks.NAME" })
        let known = knownKeys("tasks: {t: {qqqqqqqq: x, exec: {command: ls}}}")
        #expect(known == (section.keys.map(\.name) + verbNames).sorted())
        let printed = problems("tasks: {t: {qqqqqqqq: x, exec: {command: ls}}}")
        #expect(printed.contains("; or args, environment, preStart or script of 'exec'"))
    }

    @Test func `a cluster reads the keys that are described`() throws {
        let section = try #require(taskFileReference().first { $0.path == "cluster" })
        #expect(knownKeys("cluster: {qqqqqqqq: x}\ntasks: {}") == section.keys.map(\.name).sorted())
    }

    @Test func `certificates read the keys that are described`() throws {
        let section = try #require(taskFileReference().first { $0.path == "certificates" })
        #expect(knownKeys("certificates: {qqqqqqqq: x}") == section.keys.map(\.name).sorted())
        let leaf = knownKeys("nodes: {a: {role: worker}}\ncertificates: {leaves: {x: {qqqqqqqq: x}}}")
        let described = section.rows.map { $0[0].filter { $0 != "`" } }.filter { $0.hasPrefix("leaves.") }
        #expect(leaf == described.map { String($0.dropFirst("leaves.".count)) }.sorted())
    }

    @Test func `every key has a type, a meaning and a default or is required`() {
        for section in taskFileReference() {
            for row in section.rows {
                #expect(row.count == 4 && row.allSatisfy { !$0.isEmpty && !$0.contains("|") }, "\(section.path) \(row)")
            }
        }
    }

    private static let keysFile = """
        # A comment.
        tasks:
          calico:
            after: [rbac, "x y"]
            apply: {manifests: [a.yaml, {url: x}], "s/u": 5}
          "": {exec: 1}
        """

    @Test(
        arguments: [
            ((1, 1), nil), ((2, 1), "tasks"), ((3, 3), "tasks.calico"), ((3, 9), "tasks.calico"),
            ((4, 5), "tasks.calico.after"), ((4, 12), "tasks.calico.after"), ((4, 13), "tasks.calico.after[0]"),
            ((4, 20), "tasks.calico.after[1]"), ((5, 12), "tasks.calico.apply"),
            ((5, 13), "tasks.calico.apply.manifests"), ((5, 34), "tasks.calico.apply.manifests[1].url"),
            ((5, 44), #"tasks.calico.apply."s/u""#), ((6, 7), #"tasks."""#), ((6, 15), #"tasks."".exec"#),
        ] as [((Int, Int), String?)]
    )
    func `a position is in the innermost key that begins before it`(place: (Int, Int), key: String?) {
        let keys = TaskFileKeys([SourceFile(path: "f.yaml", bytes: Array(Self.keysFile.utf8))])
        let position = SourceLocation.Position(line: place.0, column: place.1)
        #expect(keys.path(at: SourceLocation(file: "f.yaml", position: position)) == key)
        #expect(keys.path(at: SourceLocation(file: "other.yaml", position: position)) == nil)
        #expect(keys.path(at: SourceLocation(file: "f.yaml")) == nil)
    }

    @Test(arguments: ["", "tasks: [", "- 1", "text", "\0", "a: 1\n---\nb: 2"])
    func `a file without a mapping has no key, and each document its own`(text: String) {
        let keys = TaskFileKeys([SourceFile(path: "f.yaml", bytes: Array(text.utf8))])
        let position = SourceLocation.Position(line: 3, column: 1)
        let expected: [String: String] = ["- 1": "[0]", "a: 1\n---\nb: 2": "b"]
        #expect(keys.path(at: SourceLocation(file: "f.yaml", position: position)) == expected[text])
    }
}
