import TestSupport
import Testing

/// The guides in `docs/guides`, and the task files to begin with.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct GuideTests {
    private static let examples = "\(TestCluster.sourceRoot)/examples/first"

    /// Checks a task file of which no other file of the node exists.
    private func check(_ taskFile: String) async throws {
        let node = try TestNode(taskFile)
        try node.write(try Files.text("\(Self.examples)/kubeadm/monitoring.yaml"), to: "monitoring.yaml")
        let result = try await node.run("check", "--offline")
        #expect(result.errors == "")
        #expect(result.output.hasSuffix(" for this node, nothing wrong\n"), "\(result.output)")
    }

    /// The guides to task files of `examples`, which other tests check.
    private static let guidesToExamples = ["bare-debian.md", "init.md"]

    @Test func `the task file of every guide is right`() async throws {
        let names = try Files.list("\(TestCluster.sourceRoot)/docs/guides")
        for name in names where !Self.guidesToExamples.contains(name) {
            try await check(try #require(try GuideDocument("docs/guides/\(name)").blocks("yaml").first, "\(name)"))
        }
    }

    @Test(arguments: ["kubeadm", "k3s"])
    func `a task file to begin with is right`(name: String) async throws {
        try await check(try Files.text("\(Self.examples)/\(name)/bootstrap.yaml"))
    }

    @Test(.needsNix) func `the NixOS module to begin with is right`() async throws {
        let module = try await NixModule("import \(Self.examples)/nixos/cp1.nix")
        let tasks = try module.text("built/bootstrap.yaml").json["tasks"]?.entries?.map(\.key) ?? []
        #expect(tasks.sorted() == ["admin-kubeconfig", "monitoring"])
    }
}

/// The quick start of the README, run as it is written.
@Suite(.needsAPIServer, .temporaryDirectory, .timeLimit(.minutes(15)))
struct QuickStartTests {
    @Test func `the quick start prints what the README shows`() async throws {
        let cluster = try await TestCluster.shared.value
        let document = try GuideDocument("README.md")
        let examples = document.blocks("yaml")
        let node = try TestNode(try #require(examples.first))
        try node.write(try #require(examples.dropFirst().first), to: "monitoring.yaml")
        try await node.installKubeconfig(of: cluster, at: "/etc/kubernetes/admin.conf")
        let commands = try #require(document.sessions.first)
        #expect(commands.count == 4)
        for command in commands {
            let arguments = try #require(command.arguments)
            let shown = command.output.split(separator: "\n")
            guard arguments != ["run"] else {
                let run = try await node.runOnTerminal(arguments)
                #expect(run.status == 0)
                #expect(run.text.split(separator: "\n").map(\.withoutTimes) == shown.map(\.withoutTimes))
                continue
            }
            let result = try await node.start(arguments).result()
            #expect(result.outputLines.map(\.masked) == shown.map { String($0).masked }, "\(arguments)")
            #expect(result.errors == "")
            #expect(result.status == 0)
        }
    }
}

/// The tutorial, typed as it is written.
///
/// `up` needs a systemd that has booted, and the state of units: here `run` takes its place. Of the output of `up` and
/// `status` the states of the tasks and the cause of a failure are compared, and the whole output of all other commands.
@Suite(.needsAPIServer, .temporaryDirectory, .timeLimit(.minutes(15)))
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
