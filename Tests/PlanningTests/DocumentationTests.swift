import Planning
import TestSupport
import Testing

/// The documents and the reader of the task file agree.
@Suite(.timeLimit(.minutes(15))) struct DocumentationTests {
    private let document: ProjectDocument

    init() throws {
        document = try ProjectDocument(ProjectDocument.taskFilePages())
    }

    @Test(arguments: [
        "README.md", "docs/task-file.md", "docs/task-file/tasks.md", "docs/nixos.md", "mkdocs.yml", "nix/options.nix",
        "nix/task-file.nix", "Tests/nix/verbs.nix",
    ])
    func `a file that lists all verbs has each of them`(file: String) throws {
        let words = Set(try Files.text("\(TestCluster.sourceRoot)/\(file)").split { !$0.isLetter }.map(String.init))
        #expect(Set(verbNames).subtracting(words) == [])
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
}
