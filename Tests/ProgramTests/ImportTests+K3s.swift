import TestSupport
import Testing

/// What `import` prints, together with the example of k3s.
extension ImportTests {
    private static let controlPlanes = ["cp-01", "cp-02", "cp-03"]

    /// The configuration of keepalived that a host writes.
    private func keepalived(of host: String, _ config: String) async throws -> String {
        let root = TemporaryDirectory.file("root-\(host)")
        try Files.makeDirectories(root)
        let script = "hostname \"$1\"; shift; \"$@\" >&2; cat \"$ROOT/etc/keepalived/keepalived.conf\""
        let command = [TestNode.program, "run", "--config", config, "--root", root, "--task", "keepalived"]
        let result = try await Tool.run(
            "unshare",
            ["--uts", "sh", "-euc", script, "sh", host] + command,
            environment: ["ROOT": root, "NEST_ROLE": nil, "JOURNAL_STREAM": nil],
        )
        #expect(result.status == 0, "\(result.errors)")
        return result.output
    }

    /// The configurations of keepalived of all control planes with the example, and an inventory as its drop-in.
    private func configurations(importing inventory: String) async throws -> [String] {
        let directory = TemporaryDirectory.file("example")
        let config = "\(directory)/bootstrap.yaml"
        _ = try await Tool.run("rm", ["-rf", directory])
        _ = try await Tool.run("cp", ["-r", "\(TestCluster.sourceRoot)/examples/k3s", directory])
        let file = TemporaryDirectory.file("cluster.nix")
        try Files.write(Array(inventory.utf8), to: file, mode: 0o644)
        let dropIn = try await read("nico", file)
        try Files.makeDirectories("\(directory)/bootstrap.d")
        try Files.write(Array(dropIn.output.utf8), to: "\(directory)/bootstrap.d/10-nodes.yaml", mode: 0o644)
        let check = try await Tool.run(TestNode.program, ["check", "--all-nodes", "--config", config])
        #expect(check.output.hasSuffix("7 nodes, nothing wrong\n"), "\(check.output)\(check.errors)")
        var texts: [String] = []
        for host in Self.controlPlanes { texts.append(try await keepalived(of: host, config)) }
        return texts
    }

    @Test(.enabled(if: canEvaluate, noNix), .enabled(if: TestProcess.isRoot, "only root can give a host another name"))
    func `an imported inventory and the example of k3s work together unchanged`() async throws {
        let path = Self.examples + "/cluster.nix"
        let inventory = try Files.text(path)
        var own: [String] = []
        for host in Self.controlPlanes {
            own.append(try await keepalived(of: host, "\(TestCluster.sourceRoot)/examples/k3s/bootstrap.yaml"))
        }
        #expect(try await configurations(importing: inventory) == own)

        // Another cluster with nodes of the same names.
        let name = "lab"
        let other = inventory.replacing("production-cluster", with: name).replacing("192.168.1.", with: "10.7.0.")
        let digest = try await Tool.run("sh", ["-c", "printf %s \"$1\" | sha256sum", "sh", name]).output.prefix(8)
        let changed = own.map { $0.replacing("192.168.1.", with: "10.7.0.").replacing("353f1be6", with: digest) }
        #expect(own.allSatisfy { $0.contains("auth_pass 353f1be6\n") } && digest.count == 8)
        #expect(try await configurations(importing: other) == changed)
    }

    @Test(.enabled(if: canEvaluate, noNix), .enabled(if: TestProcess.isRoot, "only root can give a host another name"))
    func `the first control plane of an inventory is the master, whatever the example says of the host`() async throws {
        let path = Self.examples + "/cluster.nix"
        let inventory = try Files.text(path)
        let swapped = inventory.replacing("cp-01", with: "cp-0x").replacing("cp-03", with: "cp-01")
            .replacing("cp-0x", with: "cp-03")
        let texts = try await configurations(importing: swapped)
        let found = texts.map { text in
            text.split(separator: "\n").map { $0.drop { $0 == " " } }
                .filter { $0.hasPrefix("state ") || $0.hasPrefix("priority ") }.joined(separator: ", ")
        }
        #expect(found == ["state BACKUP, priority 148", "state BACKUP, priority 149", "state MASTER, priority 150"])
    }

    @Test(arguments: [("", 0), ("vip: 10.0.100.100\n", 0), ("vip: 10.0.100.100\nname: production-cluster\n", 3)])
    func `control planes of plans with a name and a virtual address have a password`(
        lines: String,
        count: Int,
    ) async throws {
        let directory = TemporaryDirectory.file("plans")
        _ = try await Tool.run("cp", ["-r", Self.examples + "/plans", directory])
        let network = "\(directory)/network.yaml"
        let text = try Files.text(network)
        try Files.write(Array((text + lines).utf8), to: network, mode: 0o644)
        let result = try await read("plans", directory)
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.outputLines.count { $0.hasSuffix(" vrrpPassword: \"353f1be6\"") } == count)
        #expect(result.outputLines.count { $0.contains("vrrpPassword") } == count)
    }
}
