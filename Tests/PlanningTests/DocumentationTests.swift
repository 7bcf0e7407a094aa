import Planning
import TestSupport
import Testing

/// The documents and the reader of the task file agree.
@Suite(.timeLimit(.minutes(30))) struct DocumentationTests {
    private let document: ProjectDocument

    init() throws {
        document = try ProjectDocument(ProjectDocument.taskFilePages())
    }

    /// The keys in the table of a section, as they are written.
    private func documentedKeys(_ section: String) -> [String] {
        (document.keyTables[section] ?? []).map { $0[0].filter { $0 != "`" } }
    }

    /// Mappings in one line with nothing but a key such as `mode`, `object.kind` or `manifests.url`.
    ///
    /// The key before a dot may have a mapping or a list of mappings.
    private func mappings(of key: String) -> [String] {
        let parts = key.split(separator: ".").map(String.init)
        guard parts.count > 1 else { return ["{\(key): x}"] }
        return ["{\(parts[0]): {\(parts[1]): x}}", "{\(parts[0]): [{\(parts[1]): x}]}"]
    }

    /// A task file with a mapping at the place that a section of the document is about.
    private func taskFile(_ section: String, _ mapping: String) -> String {
        let task = "tasks: {a: {exec: {command: ls}}}\n"
        return switch section {
        case "cluster": "\(task)cluster: \(mapping)"
        case "nodes": "\(task)nodes: {node: \(mapping)}"
        case "certificates": "\(task)certificates: \(mapping)"
        case "variables": "\(task)variables: {v: {each: cluster.nodes, \(mapping.dropFirst())}"
        case "Tasks": "tasks: {a: \(mapping)}"
        default: "tasks: {a: {\(section): \(mapping)}}"
        }
    }

    private func isKnown(verb: String) -> Bool {
        !problems("tasks: {a: {\(verb): {}}}").contains("unknown key '\(verb)'")
    }

    /// The keys that the reader accepts in a section, as its message about an unknown key lists them.
    private func acceptedKeys(_ section: String) throws -> Set<String> {
        let message = problems(taskFile(section, "{zqzqzqzq: x}"))
        let line = try #require(message.split(separator: "\n").first { $0.contains("unknown key 'zqzqzqzq'") })
        let hint = try #require(line.firstIndex(of: ";").map { line[$0...] })
        let others: Set = ["and", "are", "expected", "is", "keys", "known", "of", "one", "or", "the", "valid"]
        return Set(hint.split { !$0.isLetter && !$0.isNumber }.map(String.init)).subtracting(others)
    }

    @Test(arguments: [
        "README.md", "docs/task-file.md", "docs/task-file/tasks.md", "docs/nixos.md", "mkdocs.yml", "nix/options.nix",
        "nix/task-file.nix", "Tests/nix/verbs.nix",
    ])
    func `a file that lists all verbs has each of them`(file: String) throws {
        let words = Set(try Files.text("\(TestCluster.sourceRoot)/\(file)").split { !$0.isLetter }.map(String.init))
        #expect(Set(verbNames).subtracting(words) == [])
    }

    @Test(arguments: verbNames + ["cluster", "nodes", "certificates", "Tasks"])
    func `every documented key is accepted`(section: String) throws {
        let keys = documentedKeys(section)
        #expect(!keys.isEmpty)
        guard !verbNames.contains(section) || isKnown(verb: section) else { return }
        for key in keys {
            for mapping in mappings(of: key) {
                let message = problems(taskFile(section, mapping))
                #expect(!message.contains("unknown key"), "\(key): \(message)")
            }
        }
    }

    @Test(arguments: verbNames + ["cluster", "nodes", "variables", "certificates"])
    func `every key that is accepted is documented`(section: String) throws {
        guard !verbNames.contains(section) || isKnown(verb: section) else { return }
        let keys = documentedKeys(section).filter { !$0.contains(".") }
        #expect(try acceptedKeys(section).sorted() == keys.sorted())
    }

    @Test func `every key of a task is documented, and every verb has a section`() throws {
        let ofVerbs: Set = ["script", "args", "environment", "preStart", "version", "allowOlder"]
        let verbs = Set(verbNames.filter(isKnown))
        let keys = Set(documentedKeys("Tasks").filter { !$0.contains(".") })
        #expect(try acceptedKeys("Tasks") == keys.union(verbs).union(ofVerbs))
    }

    @Test func `the rows are what the reader says about its keys`() {
        let names = [
            "cluster": "cluster", "nodes.HOST": "nodes", "variables.NAME": "variables", "tasks.NAME": "Tasks",
        ]
        for section in taskFileReference() {
            let name = names[section.path] ?? String(section.path.split(separator: ".").last ?? "")
            #expect(document.keyTables[name] == section.rows, "write below '# \(name)':\n\(section.markdown)")
        }
    }

    @Test func `a row has a key, a type, a default and a meaning`() {
        for (section, rows) in document.keyTables {
            for row in rows {
                #expect(row.count == 4, "\(section): \(row)")
                #expect(!row[0].isEmpty && !row[1].isEmpty && !row[3].isEmpty, "\(section): \(row)")
            }
        }
    }

    @Test func `every example is right`() throws {
        let documents = ["docs/task-file.md", "docs/systemd.md", "docs/troubleshooting.md", "README.md"]
        for path in documents + (try ProjectDocument.taskFilePages()) { try checkExamples(path) }
    }

    private func checkExamples(_ path: String) throws {
        let shipped = try ProjectDocument.text("examples/homelab/bootstrap.yaml")
        for example in try ProjectDocument(path).examples where example.text.contains("tasks:") {
            let isDropIn = example.text.hasPrefix("# /etc/nest-bootstrap/bootstrap.d/")
            let files = (isDropIn ? [("bootstrap.yaml", shipped)] : []) + [("example.yaml", example.text)]
            #expect(problems(files) == "", "\(path):\(example.line)")
        }
    }

    @Test func `the example of certificates uses all keys`() throws {
        let example = try #require(document.examples.first { $0.text.contains("\ncertificates:\n") }).text
        for key in documentedKeys("certificates") {
            let last = key.split(separator: ".").last ?? ""
            #expect(example.contains("\(last): ") || example.contains("\(last):\n"), "\(key)")
        }
    }

    @Test(arguments: verbNames)
    func `the examples of a verb use all its keys`(verb: String) {
        let texts = document.examples.map(\.text).joined(separator: "\n")
        for key in documentedKeys(verb) {
            let last = key.split(separator: ".").last ?? ""
            #expect(texts.contains("\(last): ") || texts.contains("\(last):\n"), "\(verb).\(key)")
        }
    }
}
