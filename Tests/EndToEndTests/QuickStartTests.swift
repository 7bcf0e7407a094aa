import TestSupport
import Testing

/// The quick start of the README, run as it is written.
@Suite(.needsAPIServer, .temporaryDirectory, .timeLimit(.minutes(30)))
struct QuickStartTests {
    /// What the README shows.
    private struct QuickStart {
        var taskFile: String
        var manifest: String
        /// The commands without the program's name, each with its output.
        var commands: [(arguments: [String], output: String)]

        init() throws {
            let bytes = try Files.read("\(TestCluster.sourceRoot)/README.md")
            let blocks = String(decoding: bytes, as: UTF8.self).split(separator: "```")
            let examples = blocks.filter { $0.hasPrefix("yaml\n") }.map { String($0.dropFirst("yaml\n".count)) }
            taskFile = try #require(examples.first)
            manifest = try #require(examples.dropFirst().first)
            let console = try #require(blocks.first { $0.hasPrefix("console\n") })
            commands = console.split(separator: "# nest-bootstrap ").dropFirst().map { text in
                let lines = text.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
                return (lines[0].split(separator: " ").map(String.init), String(lines.last ?? ""))
            }
        }
    }

    @Test func `the quick start prints what the README shows`() async throws {
        let cluster = try await TestCluster.shared.value
        let quickStart = try QuickStart()
        let node = try TestNode(quickStart.taskFile.replacing("https://127.0.0.1:6443", with: cluster.server))
        try node.write(quickStart.manifest, to: "monitoring.yaml")
        let directory = node.written("/etc/kubernetes/pki")
        try Files.makeDirectories(directory)
        for (name, source) in [
            ("ca.crt", "k8s-ca.crt"), ("admin.crt", "kube-admin.crt"), ("admin.key", "kube-admin.key"),
        ] {
            let bytes = try Files.read("\(cluster.credentials)/\(source)")
            try Files.write(bytes, to: "\(directory)/\(name)", mode: 0o600)
        }
        #expect(quickStart.commands.count == 4)
        for (arguments, output) in quickStart.commands {
            guard arguments != ["run"] else {
                #expect(try await lines(ofRunOnTerminal: node) == output.split(separator: "\n").map(\.withoutTimes))
                continue
            }
            let result = try await node.start(arguments).result()
            #expect(result.output.masked == output.masked, "\(arguments)")
            #expect(result.errors == "")
            #expect(result.status == 0)
        }
    }

    /// Runs the tasks of a node on a terminal, where a run looks otherwise than in a pipe.
    private func lines(ofRunOnTerminal node: TestNode) async throws -> [String] {
        let environment: [String: String?] = [
            "TERM": "xterm", "LC_ALL": "C.UTF-8", "NO_COLOR": nil, "NEST_ROLE": nil, "JOURNAL_STREAM": nil,
        ]
        let arguments = ["run", "--config", node.config, "--root", node.root]
        let run = try TerminalTool(TestNode.program, arguments, environment: environment, columns: 120)
        #expect(await run.result() == 0)
        return run.screen.text.split(separator: "\n").map(\.withoutTimes)
    }
}

extension Substring {
    /// The line without the time that a task took, and without the spaces after it.
    fileprivate var withoutTimes: String { String(replacing(/\d+(\.\d+)? m?s\ */, with: "")) }
}
