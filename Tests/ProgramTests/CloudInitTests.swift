import TestSupport
import Testing

/// The user data of cloud nodes in `examples`.
@Suite(.temporaryDirectory, .timeLimit(.minutes(30)))
struct CloudInitTests {
    private static let path = "\(TestCluster.sourceRoot)/examples/cloud-init/user-data.yaml"

    private func text(_ path: String) throws -> String {
        try Files.text(path)
    }

    /// The content of a file that the user data writes.
    private func content(_ path: String) async throws -> String {
        let files = try #require(try await text(Self.path).yamlDocuments().first?["write_files"]?.sequence)
        return try #require(files.first { $0["path"]?.string == path }?["content"]?.string)
    }

    @Test(.needsCloudInit) func `cloud-init accepts the user data`() async throws {
        let result = try await Tool.run(ExtractedPrograms.cloudInit, ["schema", "--config-file", Self.path])
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output.contains("Valid cloud-config"), "\(result.output)")
    }

    @Test func `its drop-in over the installed task file passes check`() async throws {
        let node = try TestNode(try text("\(TestCluster.sourceRoot)/bootstrap.yaml"))
        try Files.makeDirectories(node.path("bootstrap.d"))
        try node.write(
            try await content("/etc/nest-bootstrap/bootstrap.d/50-cluster.yaml"),
            to: "bootstrap.d/50-cluster.yaml"
        )
        let check = try await node.run("check", "--offline", "--host-name", "w1")
        #expect(check.status == 0, "\(check.errors)")
        #expect(check.output == "6 tasks for this node, nothing wrong\n", "\(check.errors)")
    }

    @Test func `the identity is fetched for the name of the host, and only its three files`() async throws {
        let directory = TemporaryDirectory.path
        let pki = "\(directory)/pki"
        for path in [pki, "\(directory)/identity", "\(directory)/bin"] { try Files.makeDirectories(path) }
        let names = ["ca.crt", "kubelet.crt", "kubelet.key", "other"]
        for name in names { try Files.write([1], to: "\(directory)/identity/\(name)", mode: 0o644) }
        let archive = "\(directory)/\(TestProcess.hostName)"
        let tar = try await Tool.run(
            "tar",
            ["--create", "--file", archive, "--directory", "\(directory)/identity"] + names
        )
        #expect(tar.status == 0)
        let script = try await content("/usr/local/sbin/fetch-identity")
            .replacing("https://identity.example.com/nodes", with: "file://\(directory)")
            .replacing("/etc/kubernetes/pki", with: pki)
        let result = try await Tool.run("sh", ["-c", script])
        #expect(result.status == 0, "\(result.errors)")
        #expect(try Files.list(pki) == ["ca.crt", "kubelet.crt", "kubelet.key"])
        #expect(try Files.status("\(pki)/kubelet.key").map { $0.mode & 0o7777 } == 0o600)
        // An archive that lacks a file leaves nothing that the task would take for an identity.
        try Files.remove("\(pki)/kubelet.key")
        let cut = try await Tool.run(
            "tar",
            ["--create", "--file", archive, "--directory", "\(directory)/identity", "kubelet.key", "kubelet.crt"]
        )
        #expect(cut.status == 0)
        #expect(try await Tool.run("sh", ["-c", script]).status != 0)
        #expect(try Files.list(pki) == ["ca.crt", "kubelet.crt"])
        let missing = try await Tool.run("sh", ["-c", script.replacing("$(uname -n)", with: "none")])
        #expect(missing.status != 0)
    }

    @Test func `it is the rendering of the template for Terraform with the defaults`() throws {
        let directory = "\(TestCluster.sourceRoot)/examples/terraform"
        let variables = try text("\(directory)/variables.tf")
        let defaults = variables.matches(of: /variable "(\w+)" \{[^}]*default +=\s+"([^"]*)"/)
            .map { (String($0.output.1), String($0.output.2)) }
        #expect(defaults.count == 6)
        let calls = try text("\(directory)/user-data.tf")
        var rendered = try text("\(directory)/user-data.yaml.tftpl").replacing("$${", with: "\0")
        for (name, value) in defaults {
            #expect(calls.contains("= var.\(name)\n"), "\(name)")
            #expect(rendered.contains("${\(name)}"), "\(name)")
            rendered = rendered.replacing("${\(name)}", with: value)
        }
        #expect(!rendered.contains("${"))
        #expect(rendered.replacing("\0", with: "${") == (try text(Self.path)))
    }
}
