import TestSupport
import Testing

/// What `check` says of the machine, each in a network namespace of its own.
@Suite(.temporaryDirectory, .needsNetworkNamespace, .timeLimit(.minutes(30)))
struct MachineCheckTests {
    private static let tasks = """
        cluster: {vip: 192.168.1.100}
        nodes:
          cp-01: {role: control-plane, address: 192.168.1.101}
          cp-02: {role: control-plane, address: 192.168.2.102}
          cp-03: {role: control-plane, address: "fd00::3"}
        tasks: {a: {file: {path: /etc/a, content: a}}}
        """

    /// The lines of `check` that are about the network; the machine of the test may swap.
    private func check(
        _ setup: String,
        vip: String = "192.168.1.100",
        hasRoot: Bool = false,
    ) async throws -> [String] {
        let node = try TestNode(Self.tasks.replacing("192.168.1.100", with: vip))
        let command = ["check", "--host-name", "cp-01"]
        let result = try await NetworkNamespace.run(
            node,
            command,
            hasRoot: hasRoot,
            before: "\(NetworkNamespace.link("eth0")); ip link set xeth0 up; ip link set eth0 up; \(setup)"
        )
        #expect(result.status == 0, "\(result.output)")
        return result.outputLines.filter { $0.hasPrefix("warning: ") && !$0.contains("swap is on") }
            .map { $0.replacing("\(node.config):", with: "") }
    }

    @Test func `a machine with the address and the subnet of the file suits, a missing route is found`() async throws {
        let lines = try await check("ip addr add 192.168.1.101/24 dev eth0")
        #expect(
            lines == [
                "warning: 4:3: this machine has no route to 192.168.2.102 ('cp-02'), fd00::3 ('cp-03'); "
                    + "see 'ip route get 192.168.2.102'; correct the address, or add a route"
            ],
            "\(lines)"
        )
        let routes = "ip addr add 192.168.1.101/24 dev eth0; ip route add default via 192.168.1.1"
        let ipv6 = "ip -6 addr add fd00::1/64 dev eth0 nodad"
        #expect(try await check("\(routes); \(ipv6)") == [])
    }

    @Test func `an image is not compared with the machine that it is prepared on`() async throws {
        #expect(try await check("ip addr add 10.0.0.7/24 dev eth0", hasRoot: true) == [])
    }

    @Test func `another address and another subnet are found`() async throws {
        let routes = "ip route add default via 10.0.0.1; ip -6 addr add fd00::1/64 dev eth0 nodad"
        let lines = try await check("ip addr add 10.0.0.7/24 dev eth0; \(routes)")
        #expect(
            lines == [
                "warning: 3:3: 192.168.1.101, the address of node 'cp-01', is on no interface of this machine, which has "
                    + "10.0.0.7 on 'eth0', fd00::1 on 'eth0'; correct 'address', or give an interface the address"
            ],
            "\(lines)"
        )
        let gateway = routes.replacing("10.0.0.1", with: "192.168.1.1")
        let subnet = try await check("ip addr add 192.168.1.101/25 dev eth0; \(gateway)", vip: "192.168.1.200")
        #expect(
            subnet == [
                "warning: 1:16: 192.168.1.200, the virtual IP address of the cluster, is not in 192.168.1.0/25, the subnet "
                    + "of this node's address 192.168.1.101 on 'eth0'; choose an address of the subnet that no machine has"
            ],
            "\(subnet)"
        )
    }
}
