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
}
