import Planning
import Testing

/// The reference of the task file against the reader that it describes.
@Suite(.timeLimit(.minutes(5))) struct TaskFileReferenceTests {
    /// The keys that the reader knows in a mapping, from the hint at an unknown one.
    private func knownKeys(_ text: String) -> [String] {
        let printed = problems(text).split(separator: "\n").first { $0.contains("unknown key 'qqqqqqqq'") } ?? ""
        let known = printed.split(separator: "expected one of ").last?.split(separator: ";").first ?? ""
        return known.replacing(" or ", with: ", ").split(separator: ", ").map(String.init)
    }

    @Test func `every mapping has a section, verbs after all others`() {
        #expect(
            taskFileReference().map(\.path) == [
                "cluster", "nodes.HOST", "variables.NAME", "certificates", "tasks.NAME", "tasks.NAME.kubeconfig",
                "tasks.NAME.symlink", "tasks.NAME.file", "tasks.NAME.directory", "tasks.NAME.decrypt",
                "tasks.NAME.certificate", "tasks.NAME.apply", "tasks.NAME.service", "tasks.NAME.exec",
                "tasks.NAME.images", "tasks.NAME.wait", "tasks.NAME.remove",
            ]
        )
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

    @Test func `a section is a table`() throws {
        let section = try #require(taskFileReference().first { $0.path == "tasks.NAME.symlink" })
        #expect(
            section.markdown == """
                | key | type | default | meaning |
                | --- | --- | --- | --- |
                | `path` | absolute path | required | the link; missing directories above it are created |
                | `target` | string | required | what the link points at; it need not exist |
                | `replace` | boolean | `false` | replace a file or directory at `path`; another link is always replaced |

                """
        )
    }
}
