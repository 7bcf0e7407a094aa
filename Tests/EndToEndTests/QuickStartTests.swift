import TestSupport
import Testing

/// The quick start of the README, run as it is written.
@Suite(.needsAPIServer, .temporaryDirectory, .timeLimit(.minutes(30)))
struct QuickStartTests {
    @Test func `the quick start prints what the README shows`() async throws {
        let cluster = try await TestCluster.shared.value
        let document = try GuideDocument("README.md")
        let examples = document.blocks("yaml")
        let taskFile = try #require(examples.first)
        let node = try TestNode(taskFile.replacing("https://127.0.0.1:6443", with: cluster.server))
        try node.write(try #require(examples.dropFirst().first), to: "monitoring.yaml")
        let directory = node.written("/etc/kubernetes/pki")
        try Files.makeDirectories(directory)
        for (name, source) in [
            ("ca.crt", "k8s-ca.crt"), ("admin.crt", "kube-admin.crt"), ("admin.key", "kube-admin.key"),
        ] {
            let bytes = try Files.read("\(cluster.credentials)/\(source)")
            try Files.write(bytes, to: "\(directory)/\(name)", mode: 0o600)
        }
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
