import TestSupport
import Testing

/// The tutorial, typed as it is written.
///
/// `up` needs a systemd that has booted, and the state of units: here `run` takes its place. Of the output of `up` and
/// `status` the states of the tasks and the cause of a failure are compared, and the whole output of all other commands.
@Suite(.needsAPIServer, .temporaryDirectory, .timeLimit(.minutes(30)))
struct TutorialTests {
    @Test func `the tutorial prints what it shows`() async throws {
        let cluster = try await TestCluster.shared.value
        let node = try TestNode("")
        // Every node has this directory, which the failed task takes for a file.
        try Files.makeDirectories(node.written("/etc/modules-load.d"))
        try await node.installKubeconfig(of: cluster, at: "/etc/kubernetes/admin.conf")
        var typed: Set<String> = []
        for block in try GuideDocument("docs/tutorial.md").blocks {
            if block.language == "yaml" { try write(block.text, on: node) }
            guard block.language == "console" else { continue }
            for command in GuideDocument.commands(in: block.text) {
                try await type(command, on: node)
                typed.insert(command.arguments?.first ?? "")
            }
        }
        #expect(typed.isSuperset(of: ["check", "diff", "run", "status", "up"]))
    }

    /// Writes a file of the tutorial, which begins with its path.
    private func write(_ text: String, on node: TestNode) throws {
        let path = try #require(text.firstMatch(of: /^# \/etc\/nest-bootstrap\/(\S+)\n/), "\(text)")
        try node.write(text, to: String(path.output.1))
    }

    /// Runs a command of the tutorial, and compares what it prints.
    private func type(_ command: GuideDocument.Command, on node: TestNode) async throws {
        guard var arguments = command.arguments else { return try await runTool(command.text, on: node) }
        let comparesStates = ["status", "up"].contains(arguments[0])
        if arguments[0] == "up" { arguments[0] = "run" }
        // No line is broken on so wide a terminal.
        let (status, text) = try await node.runOnTerminal(arguments, columns: 400)
        let output = node.asDocumented(text)
        let title: Comment = "\(command.text): \(output)"
        guard comparesStates else {
            #expect(words(output) == words(command.output), title)
            return
        }
        #expect(states(output) == states(command.output), title)
        #expect(!states(output).isEmpty, title)
        #expect((status == 0) == !states(command.output).contains { $0.hasSuffix(" failed") }, title)
        if let cause = cause(of: command.output) {
            #expect(words(output).joined(separator: " ").contains(cause), title)
        }
    }

    /// Runs a command that changes a file of the node.
    private func runTool(_ command: String, on node: TestNode) async throws {
        let command = command.replacing(" /etc/nest-bootstrap/", with: " \(node.directory)/")
            .replacing(" /etc/", with: " \(node.root)/etc/")
        let result = try await Tool.run("sh", ["-c", command])
        try #require(result.status == 0, "\(command): \(result.errors)")
    }

    /// The words of an output, without the times that differ.
    private func words(_ output: String) -> [String] {
        output.masked.withoutTimes.split(whereSeparator: \.isWhitespace).map(String.init)
    }

    /// The tasks with their states, sorted, as `status`, `run` and `up` show them on a terminal.
    private func states(_ output: String) -> [String] {
        output.matches(of: /(?m)^(\S+) +(changed|failed|unchanged)\ /).map { "\($0.output.1) \($0.output.2)" }.sorted()
    }

    /// The end of the message below the line of a failed task, which all commands have in common.
    private func cause(of output: String) -> Substring? {
        let lines = output.split(separator: "\n").filter { $0.hasPrefix("    ") }
        return words(lines.joined(separator: " ")).joined(separator: " ").split(separator: ": ").last
    }
}
