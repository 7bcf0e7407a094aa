import Base
import Planning
import TestSupport
import Testing

/// The options of the NixOS module against the keys that the reader of the task file knows.
@Suite(.temporaryDirectory, .needsNix, .timeLimit(.minutes(15)))
struct NixOptionTests {
    private let options: Node

    init() async throws {
        let result = try await NixModule.evaluateOptions()
        try #require(result.status == 0, "\(result.errors)")
        options = try #require(try readDocuments(Array(result.output.utf8), file: "options").first?.root)
    }

    /// The names of options, sorted as the keys are.
    private func names(_ path: String...) -> [String]? {
        path.reduce(options as Node?) { $0?[$1] }?.sequence?.compactMap(\.string).sorted()
    }

    private func keys(_ path: String) throws -> [String] {
        try #require(taskFileReference().first { $0.path == path }).keys.map(\.name).sorted()
    }

    private var verbs: [String] {
        taskFileReference().map { $0.path.split(separator: ".") }.filter { $0.count == 3 }.map { String($0[2]) }
    }

    @Test func `every section of the task file is an option`() {
        let sections = Set(taskFileReference().compactMap { $0.path.split(separator: ".").first.map(String.init) })
        #expect(sections.subtracting(names("sections") ?? []) == [])
        #expect(sections.count == 5)
    }

    @Test func `the cluster and nodes have an option for every key, and no other`() throws {
        #expect(try names("cluster") == keys("cluster"))
        #expect(try names("nodes") == keys("nodes.HOST"))
        let cluster = try #require(taskFileReference().first { $0.path == "cluster" })
        let keys = cluster.rows.map { $0[0].filter { $0 != "`" }.split(separator: ".").map(String.init) }
        for mapping in ["nodeAddress", "report"] {
            let below = keys.filter { $0.count == 2 && $0[0] == mapping }.map { $0[1] }
            #expect(!below.isEmpty && names("clusterKeys", mapping) == below.sorted(), "\(mapping)")
        }
    }

    @Test func `tasks have an option for every key and verb, and those of scripts`() throws {
        let ofScripts = ["args", "environment", "network", "preStart", "reads", "script", "writes"]
        #expect(try names("tasks") == (keys("tasks.NAME") + verbs + ofScripts).sorted())
    }

    @Test func `the options of a verb that have types are keys of that verb`() throws {
        #expect(verbs == verbNames)
        for verb in verbs {
            let typed = try #require(names("verbs", verb))
            #expect(Set(typed).subtracting(try keys("tasks.NAME.\(verb)")) == [], "\(verb)")
        }
    }
}
