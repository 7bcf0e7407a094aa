import TestSupport
import Testing

/// An example of `examples/migration` with its guide, on a server of its own.
struct MigrationExample {
    /// The guide.
    let guide: GuideDocument

    /// The server, without a controller manager.
    let cluster: TestCluster

    /// The node that the task file is for.
    let node: TestNode

    /// The files of the old way.
    let before: String

    private let after: String

    /// The metadata with which every object of a task is marked.
    static let marks = [
        "+ metadata.annotations.nest-bootstrap/manifest", "+ metadata.annotations.nest-bootstrap/task",
        "+ metadata.labels.app.kubernetes.io/managed-by",
    ]

    /// The annotation of a client-side `kubectl apply`, which goes with its manager.
    static let lastApplied = "- metadata.annotations.kubectl.kubernetes.io/last-applied-configuration"

    /// Makes the node of an example, whose guide is named without its extension.
    init(_ name: String, guide: String, on cluster: TestCluster) throws {
        let directory = "\(TestCluster.sourceRoot)/examples/migration/\(name)"
        self.guide = try GuideDocument("docs/migration/\(guide).md")
        self.cluster = cluster
        (before, after) = ("\(directory)/before", "\(directory)/after")
        node = try TestNode("", in: TemporaryDirectory.file("node"))
    }

    /// Puts the task file and the manifests of the new way where the guide says.
    func installAfter() throws {
        for name in try Files.list(after) where name != "bootstrap.yaml" {
            try node.write(try Files.text("\(after)/\(name)"), to: name)
        }
        try installTaskFile(try Files.text("\(after)/bootstrap.yaml"))
    }

    /// Writes a task file, for the server of the test.
    func installTaskFile(_ text: String) throws {
        try node.write(text.replacing("https://127.0.0.1:6443", with: cluster.server), to: "bootstrap.yaml")
    }

    /// The task file of the new way.
    var taskFile: String { get throws { try Files.text("\(after)/bootstrap.yaml") } }

    /// Puts credentials of the server into a directory of the node, by their names there.
    func installCredentials(_ files: [String: String], in directory: String) throws {
        try Files.makeDirectories(node.written(directory))
        for (name, source) in files {
            let bytes = try Files.read("\(cluster.credentials)/\(source)")
            try Files.write(bytes, to: node.written("\(directory)/\(name)"), mode: 0o600)
        }
    }

    /// Runs the commands of the program in a block of the guide, which must print what the guide shows.
    ///
    /// A line `...` of the guide is for any number of lines. Tasks run at the same time, so that the lines may be in another
    /// order.
    func runSession(_ index: Int, location: SourceLocation = #_sourceLocation) async throws {
        let sessions = guide.sessions
        try #require(sessions.indices.contains(index) && !sessions[index].isEmpty, sourceLocation: location)
        for command in sessions[index] {
            let arguments = try #require(command.arguments, sourceLocation: location)
            let result = try await node.start(arguments).result()
            #expect(result.status == 0, "\(result.errors)", sourceLocation: location)
            #expect(result.errors == "", sourceLocation: location)
            let title: Comment = "\(command.text): \(result.output)"
            var lines = node.asDocumented(result.output).masked.split(separator: "\n")
            let shown = command.output.masked.split(separator: "\n")
            #expect(lines.last == shown.last, title, sourceLocation: location)
            for line in shown where line != "..." {
                let index = lines.firstIndex(of: line)
                #expect(index != nil, "'\(line)' is not printed by \(title)", sourceLocation: location)
                if let index { lines.remove(at: index) }
            }
            #expect(lines.isEmpty || shown.contains("..."), title, sourceLocation: location)
        }
    }

    /// Runs a script in the directory of the task file, with the documents where they are in the repository.
    func runScript(_ script: String, location: SourceLocation = #_sourceLocation) async throws {
        let script = script.replacing("/usr/share/doc/nest-bootstrap/", with: "\(TestCluster.sourceRoot)/")
        let result = try await Tool.run(
            "bash",
            ["-euc", "cd \"$0\" && \(script)", node.directory],
            environment: ["KUBECONFIG": cluster.kubeconfig]
        )
        #expect(result.status == 0, "\(result.output)\(result.errors)", sourceLocation: location)
    }

    /// Reads the objects that manifests describe, by kind and name.
    func objects(of files: [String]) async throws -> [String: JSON] {
        let arguments = files.flatMap { ["-f", $0] }
        let result = try await cluster.kubectl(["get", "-o", TestCluster.wholeJSON] + arguments)
        try #require(result.status == 0, "\(result.errors)")
        let root = try result.output.json
        let pairs = (root["items"]?.sequence ?? [root]).map {
            ("\($0["kind"]?.string ?? "")/\($0["metadata"]?["name"]?.string ?? "")", $0)
        }
        return Dictionary(pairs, uniquingKeysWith: { $1 })
    }
}

/// The field managers of an object, each once.
func managers(of object: JSON?) -> [String] {
    let entries = object?["metadata"]?["managedFields"]?.sequence ?? []
    return Set(entries.compactMap { $0["manager"]?.string }).sorted()
}
