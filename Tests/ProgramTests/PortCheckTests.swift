import TestSupport
import Testing

/// What `check` says of ports of other nodes, which are real machines to it, with firewalls of nftables.
@Suite(.temporaryDirectory, .needsNetworkNamespace, .timeLimit(.minutes(30)))
struct PortCheckTests {
    private static let tasks = """
        cluster:
          ports: {worker: [6443/tcp, 2379-2380/tcp, 10250/tcp, 10259/tcp, 8472/udp], edge: [2379-2380/tcp]}
        nodes:
          cp-01: {role: control-plane, address: 192.168.1.101}
          w-02: {role: worker, address: 192.168.1.102}
          w-03: {role: worker, address: "fd00::3"}
          w-04: {role: worker, address: 192.168.1.104}
          w-05: {role: edge, address: 192.168.5.105}
        tasks: {a: {file: {path: /etc/a, content: a}}}
        """

    private static let addresses = """
        ip addr add 192.168.1.101/24 dev eth0
        ip -6 addr add fd00::1/64 dev eth0 nodad
        ip route add 192.168.5.0/24 via 192.168.1.102
        """

    /// The machine that has the addresses of w-02 and w-03, and is the router to the network of w-05.
    private static func neighbor(_ rules: String) -> String {
        NetworkNamespace.neighbor(
            """
            ip addr add 192.168.1.102/24 dev eth0
            ip -6 addr add fd00::3/64 dev eth0 nodad
            ip link add network5 type veth peer name xnetwork5
            ip link set xnetwork5 up
            ip addr add 192.168.5.1/24 dev network5
            ip link set network5 up
            echo 1 >/proc/sys/net/ipv4/ip_forward
            \(rules.isEmpty ? "" : "nft -f - <<'RULES'\n\(rules)\nRULES")
            """
        )
    }

    /// The warnings about ports, without the path of the task file.
    private func check(
        _ rules: String,
        _ arguments: [String] = [],
        tasks: String = tasks,
        hasRoot: Bool = false,
    ) async throws -> [String] {
        let node = try TestNode(tasks)
        let result = try await NetworkNamespace.run(
            node,
            ["check", "--host-name", "cp-01"] + arguments,
            hasRoot: hasRoot,
            before: "\(Self.neighbor(rules))\n\(Self.addresses)"
        )
        #expect(result.status == 0, "\(result.output)\(result.errors)")
        return result.outputLines.filter { $0.hasPrefix("warning: ") && !$0.contains("swap is on") }
            .map { $0.replacing("\(node.config):", with: "") }
    }

    @Test func `what a firewall drops or rejects is found, on the node and on the way`() async throws {
        let lines = try await check(
            """
            table inet firewall {
              chain input {
                type filter hook input priority filter;
                ip daddr 192.168.1.102 tcp dport 2379-2380 drop
                ip daddr 192.168.1.102 tcp dport 10250 reject
                ip daddr 192.168.1.102 tcp dport 10259 reject with icmpx admin-prohibited
                ip6 daddr fd00::3 tcp dport 2380 reject
                ip6 daddr fd00::3 tcp dport 6443 reject with icmpx admin-prohibited
              }
              chain forward {
                type filter hook forward priority filter;
                ip daddr 192.168.5.105 reject with icmpx admin-prohibited
              }
            }
            """
        )
        let advice = "in the firewall there, or in one on the way"
        #expect(
            lines == [
                "warning: 7:3: no TCP port of 'cluster.ports' answers within 2s at 192.168.1.104 ('w-04'); "
                    + "see 'ping 192.168.1.104'; if the node runs, allow the ports \(advice)",
                "warning: 5:3: no answer within 2s from 192.168.1.102 ('w-02') at 2379-2380/tcp; allow 2379-2380/tcp \(advice)",
                "warning: 5:3: connections to 10250/tcp, 10259/tcp are rejected by the firewall of 192.168.1.102 ('w-02'); "
                    + "allow 10250/tcp, 10259/tcp there",
                "warning: 6:3: connections to 6443/tcp, 2380/tcp are rejected by the firewall of fd00::3 ('w-03'); "
                    + "allow 6443/tcp, 2380/tcp there",
                "warning: 8:3: a firewall at 192.168.1.102 rejects connections from this machine to "
                    + "192.168.5.105 ('w-05') at 2379-2380/tcp; allow 2379-2380/tcp there",
            ],
            "\(lines)"
        )
    }

    @Test func `ports without listeners are in order, and offline nothing is tried`() async throws {
        let tasks = Self.tasks.split(separator: "\n").filter { !$0.contains("w-04") && !$0.contains("w-05") }
        let near = tasks.joined(separator: "\n").replacing(", edge: [2379-2380/tcp]", with: "")
        #expect(try await check("", tasks: near) == [])
        let closed = "table inet firewall { chain input { type filter hook input priority filter; policy drop; }; }"
        #expect(try await check(closed, ["--offline"]) == [])
        #expect(try await check(closed, hasRoot: true) == [])
    }

    /// The output of a check beside nodes that do not answer, and how long it takes.
    private func checkSilent(_ count: Int) async throws -> (output: String, time: Duration) {
        let nodes = (0..<count).map { "  n-\($0): {role: worker, address: 192.168.\(10 + $0 / 250).\(1 + $0 % 250)}" }
        let head = """
            cluster: {ports: {worker: [6443/tcp, 2379-2380/tcp, 10250/tcp, 10259/tcp]}}
            nodes:
              cp-01: {role: control-plane, address: 192.168.1.101}
            """
        let tail = "tasks: {a: {file: {path: /etc/a, content: a}}}"
        let drop = "table inet firewall { chain forward { type filter hook forward priority filter; policy drop; }; }"
        let directory = TemporaryDirectory.file("silent\(count)")
        try Files.makeDirectories(directory)
        let node = try TestNode(([head] + nodes + [tail]).joined(separator: "\n"), in: directory)
        let start = ContinuousClock.now
        let result = try await NetworkNamespace.run(
            node,
            ["check", "--host-name", "cp-01"],
            hasRoot: false,
            before: "\(Self.neighbor(drop))\n\(Self.addresses)\nip route add default via 192.168.1.102"
        )
        return (result.output, start.duration(to: .now))
    }

    @Test func `five hundred nodes that do not answer are one line, and are tried beside each other`() async throws {
        let (one, few) = try await checkSilent(1)
        #expect(one.contains("192.168.10.1"), "\(one)")
        let (output, many) = try await checkSilent(500)
        // 500 connections are tried at once: five times as long as one node, where one after the other took 500 times.
        #expect(many < few * 20, "\(many), and \(few) for one node")
        let lines = output.split(separator: "\n").filter { $0.contains("TCP port") }
        #expect(lines.count == 1 && lines[0].contains(" and 497 more; see 'ping 192.168.10.1'"), "\(output)")
        #expect(!output.contains("were not tried"), "\(output)")
    }
}
