import TestSupport
import Testing

/// The rules of the firewall in `examples/k3s`.
extension K3sExampleTests {
    private static let subnet = "subnet=192.168.1.0/24"

    @Test(.needsNetworkNamespace, arguments: ["firewall-server.nft", "firewall-agent.nft"])
    func `the rules of the firewall can be loaded, also again`(name: String) async throws {
        let script = "nft -D \"$1\" -f \"$2\"; nft -D \"$1\" -f \"$2\"; nft list ruleset"
        let result = try await Tool.run(
            "unshare",
            ["--net", "sh", "-euc", script, "sh", Self.subnet, "\(Self.directory)/\(name)"],
        )
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output.split(separator: "tcp dport").count == 3, "\(result.output)")
    }

    /// The ports of lines such as `ip saddr $subnet tcp dport { 22, 2379-2380 } accept`, as the task file writes them.
    private func openPorts(_ name: String) throws -> Set<String> {
        let text = try Files.text("\(Self.directory)/\(name)")
        let lines = text.split(separator: "\n").map { $0.split { " {},".contains($0) } }
        return Set(
            lines.filter { $0.last == "accept" }.flatMap { words -> [String] in
                guard let place = words.firstIndex(of: "dport") else { return [] }
                return words[(place + 1)...].dropLast().map { "\($0)/\(words[place - 1])" }
            }
        )
    }

    @Test(arguments: [("control-plane", "firewall-server.nft"), ("worker", "firewall-agent.nft")])
    func `the firewall opens the ports that the cluster names`(role: String, name: String) async throws {
        let root = try #require(try await Files.text("\(Self.directory)/bootstrap.yaml").yamlDocuments().first)
        let ports = root["cluster"]?["ports"]?[role]?.sequence?.compactMap(\.string) ?? []
        #expect(ports.count == 5)
        #expect(try openPorts(name) == Set(ports))
    }

    /// The TCP ports at which a node with these rules answers, to a node and to a machine of another network.
    @Test(
        .needsNetworkNamespace,
        arguments: [
            ("firewall-server.nft", "22 2379 6443 10250", "22 6443"),
            ("firewall-agent.nft", "22 10250 30000", "22 30000"),
        ]
    )
    func `other networks reach less than the nodes`(name: String, nodes: String, others: String) async throws {
        let other = """
            ip addr add 192.168.1.102/24 dev eth0
            ip addr add 10.9.0.2/24 dev eth0
            nft -D \(Self.subnet) -f \(Self.directory)/\(name)
            """
        // A port that refuses the connection answers.
        let script = """
            \(NetworkNamespace.neighbor(other))
            ip addr add 192.168.1.101/24 dev eth0
            ip addr add 10.9.0.1/24 dev eth0
            for address in 192.168.1.102 10.9.0.2; do
                for port in 22 2379 6443 10250 30000; do
                    {
                        status=0
                        timeout 5 bash -c "exec 3<>/dev/tcp/$address/$port" 2>/dev/null || status=$?
                        [ "$status" = 124 ] || echo "$port"
                    } &
                done | sort -n | paste -sd ' '
            done
            """
        let result = try await Tool.run("unshare", ["--net", "sh", "-euc", script])
        #expect(result.outputLines == [nodes, others], "\(result)")
    }

    @Test(
        .needsNetworkNamespace,
        arguments: [
            ("192.168.1.102", "'cp-02'", "firewall-server.nft"), ("192.168.1.201", "'worker-01'", "firewall-agent.nft"),
        ]
    )
    func `check reaches a node with these rules at its ports, and sees one that is missing`(
        address: String,
        node: String,
        name: String,
    ) async throws {
        for isComplete in [true, false] {
            let change = isComplete ? "" : "s/10250-10259/10250-10258/; /dport 10250 accept/d"
            let other = """
                ip addr add \(address)/24 dev eth0
                sed '\(change)' \(Self.directory)/\(name) | nft -D \(Self.subnet) -f -
                """
            let script = """
                \(NetworkNamespace.neighbor(other))
                ip addr add 192.168.1.101/24 dev eth0
                "$@" 2>&1 || true
                """
            let config = "\(Self.directory)/bootstrap.yaml"
            let command = [TestNode.program, "check", "--host-name", "cp-01", "--config", config]
            let result = try await Tool.run("unshare", ["--net", "sh", "-euc", script, "sh"] + command)
            let lines = result.outputLines.filter { $0.contains(node) }
            if isComplete {
                #expect(lines == [], "\(result)")
            } else {
                let missing = name == "firewall-server.nft" ? "10259" : "10250"
                let found = " no answer within 2s from \(address) (\(node)) at \(missing)/tcp;"
                #expect(lines.count == 1 && lines[0].contains(found), "\(result)")
            }
        }
    }
}
