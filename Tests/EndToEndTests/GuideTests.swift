import TestSupport
import Testing

/// The guides in `docs/guides`, and the task files to begin with.
@Suite(.temporaryDirectory, .timeLimit(.minutes(30)))
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

    @Test func `the drop-in of the guide for a bare Debian fits its example`() async throws {
        let node = try TestNode(try Files.text("\(TestCluster.sourceRoot)/examples/bare-debian/bootstrap.yaml"))
        let dropIn = try #require(try GuideDocument("docs/guides/bare-debian.md").blocks("yaml").first)
        try node.write(dropIn, to: "bootstrap.d/50-site.yaml")
        let result = try await node.run("check", "--offline", "--host-name", "w1")
        #expect(result.status == 0 && result.errors == "", "\(result.errors)")
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
