import Glibc
import TestSupport
import Testing

/// Tasks that wait for the network, each in a network namespace of its own.
@Suite(.temporaryDirectory, .needsNetworkNamespace, .timeLimit(.minutes(15)))
struct InterfaceWaitTests {
    private func run(_ tasks: String, before: String = "", during: String = ":") async throws -> ToolResult {
        try await NetworkNamespace.run(try TestNode(tasks), before: before, during: during)
    }

    /// A line of the script that waits until the program has printed a text.
    private func printed(_ text: String) -> String {
        "until grep -qF \"\(text)\" \"$OUTPUT\" || ! kill -0 $! 2>/dev/null; do sleep 0.05; done"
    }

    @Test func `an interface and its address come late`() async throws {
        let result = try await run(
            """
            tasks:
              interface: {timeout: 10m, wait: {interface: "tailscale*"}}
              address: {timeout: 10m, wait: {address: 100.64.0.0/10}}
            """,
            during: """
                \(printed("'tailscale*': it does not exist"))
                \(printed("no interface that is up has it"))
                \(NetworkNamespace.link("tailscale0"))
                \(printed("'tailscale0' is down"))
                ip addr add 100.101.102.103/32 dev tailscale0
                ip link set xtailscale0 up
                ip link set tailscale0 up
                """,
        )
        #expect(result.status == 0, "\(result.output)")
        let lines = result.output.split(separator: "\n")
        for (task, reason) in [
            ("interface", "interface 'tailscale*': it does not exist"),
            ("address", "an address in 100.64.0.0/10: no interface that is up has it"),
            ("interface", "interface 'tailscale*': 'tailscale0' is down"),
        ] {
            #expect(lines.contains { $0.hasPrefix("\(task): waiting: \(reason)") }, "\(reason)\n\(result.output)")
        }
        #expect(lines.last == "2 tasks: 2 unchanged")
    }

    @Test func `a signal ends the wait`() async throws {
        let result = try await run("tasks: {t: {wait: {interface: wlan0}}}\n", during: "kill -TERM $!")
        #expect(result.status == 143, "\(result.output)")
    }
}

/// The address of a node, each in a network namespace of its own.
@Suite(.temporaryDirectory, .needsNetworkNamespace, .timeLimit(.minutes(15)))
struct NodeAddressTests {
    /// Makes eight interfaces: lo, eth0, its other end, docker0, cni0, cali1, wg0 and tailscale0.
    private static let eightInterfaces = """
        ip link add eth0 type veth peer name veth0
        for name in docker0 cni0 cali1 wg0 tailscale0; do ip link add "$name" type bridge; done
        for name in eth0 veth0 docker0 cni0 cali1 wg0 tailscale0; do ip link set "$name" up; done
        ip addr add 192.168.0.10/24 dev eth0
        ip -6 addr add 2001:db8:1::6/64 dev eth0 nodad preferred_lft 0
        ip -6 addr add 2001:db8:1::7/64 dev eth0 nodad
        ip addr add 172.17.0.1/16 dev docker0
        ip addr add 10.244.1.1/24 dev cni0
        ip addr add 10.8.0.2/24 dev wg0
        ip addr add 100.101.102.103/32 dev tailscale0
        """

    /// A node whose kubelet reads its address from a file.
    private static func tasks(_ rule: String) -> String {
        """
        cluster:
          nodeAddress: \(rule)
        tasks:
          kubelet-address:
            timeout: 10m
            file: {path: /etc/kubelet.env, content: "NODE_IP=${node.address}\\n"}
        """
    }

    private func content(_ node: TestNode) throws -> String {
        try Files.text(node.written("/etc/kubelet.env"))
    }

    @Test(
        arguments: [
            ("{}", "192.168.0.10"), ("{interfaces: [tailscale*, eth*]}", "100.101.102.103"),
            ("{skip: [lo, eth*, veth*, docker*, cni*, cali*]}", "10.8.0.2"),
            ("{range: 10.244.0.0/16, skip: []}", "10.244.1.1"),
            ("{family: ipv6}", "2001:db8:1::7"),
        ]
    )
    func `a rule chooses among eight interfaces`(rule: String, address: String) async throws {
        let node = try TestNode(Self.tasks(rule))
        let result = try await NetworkNamespace.run(node, before: Self.eightInterfaces)
        #expect(result.status == 0, "\(result.output)")
        #expect(try content(node) == "NODE_IP=\(address)\n")
    }

    @Test func `an address with a label is one of its interface`() async throws {
        let node = try TestNode(Self.tasks("{skip: [lo]}"))
        let labelled = """
            ip addr add 10.9.9.9/32 dev lo label lo:1
            \(NetworkNamespace.link("eth0"))
            ip addr add 192.168.0.10/24 dev eth0 label eth0:1
            ip link set xeth0 up
            ip link set eth0 up
            """
        let result = try await NetworkNamespace.run(node, before: labelled)
        #expect(result.status == 0, "\(result.output)")
        #expect(try content(node) == "NODE_IP=192.168.0.10\n")
    }

    @Test func `check and status say which address and why not the others`() async throws {
        let node = try TestNode(Self.tasks("{}"))
        let check = try await NetworkNamespace.run(node, ["check"], before: Self.eightInterfaces)
        let lines = [
            "node address: 192.168.0.10 on 'eth0'", "    not 'lo' (skipped)",
            "    not 'docker0' (skipped by 'docker*')",
            "    not 10.8.0.2 on 'wg0', 100.101.102.103 on 'tailscale0' (another comes first)",
        ]
        for line in lines { #expect(check.outputLines.contains(line), "\(line)\n\(check.output)") }
        #expect(check.output.hasSuffix("1 task for this node, nothing wrong\n"))
        let status = try await NetworkNamespace.run(node, ["status"], before: Self.eightInterfaces)
        for line in lines { #expect(status.outputLines.contains(line), "\(line)\n\(status.output)") }
    }

    @Test func `a task waits for an address, and other tasks do not`() async throws {
        let node = try TestNode(
            Self.tasks("{range: 100.64.0.0/10}") + "\n  other: {file: {path: /etc/other, content: a}}\n"
        )
        let result = try await NetworkNamespace.run(
            node,
            before: NetworkNamespace.link("eth0"),
            during: """
                until test -e "$ROOT/etc/other"; do sleep 0.05; done
                ip addr add 100.64.0.7/32 dev eth0
                ip link set xeth0 up
                ip link set eth0 up
                """,
        )
        #expect(result.status == 0, "\(result.output)")
        #expect(try content(node) == "NODE_IP=100.64.0.7\n")
        let waiting = "kubelet-address: waiting: an address of this node: none matches: 'lo' (skipped), "
        #expect(result.output.contains("\(waiting)'xeth0', 'eth0' (down) (gives up at "), "\(result.output)")
    }

    @Test func `a task without an address fails with what there is`() async throws {
        let tasks = Self.tasks("{range: 172.16.0.0/16}").replacing("10m", with: "1s")
        let node = try TestNode(tasks)
        let result = try await NetworkNamespace.run(node, before: Self.eightInterfaces)
        #expect(result.status == 1)
        for words in [
            "kubelet-address: error: timed out after 1s waiting for an address of this node: none matches: ",
            "100.101.102.103 on 'tailscale0' (not in 172.16.0.0/16), ", "change the rule at \(node.config):2:3",
        ] { #expect(result.output.contains(words), "\(result.output)") }
        let check = try await NetworkNamespace.run(node, ["check"], before: Self.eightInterfaces)
        #expect(check.status == 0)
        #expect(check.output.contains("no address of this node matches, so tasks that use it wait for one: "))
        let dry = try await NetworkNamespace.run(node, ["run", "--dry-run"], before: Self.eightInterfaces)
        #expect(dry.status == 1)
        #expect(dry.output.contains("no address of this node matches: "), "\(dry.output)")
    }

    @Test func `neither a check elsewhere nor units need the address`() async throws {
        let node = try TestNode(Self.tasks("{range: 172.16.0.0/16}"))
        let check = try await node.run("check", "--offline")
        #expect(check.output == "1 task for this node, nothing wrong\n", "\(check.errors)")
        for flags in [[], ["--offline"]] {
            let directory = node.path("units\(flags.count)")
            let units = try await node.start(["units", directory] + flags).result()
            #expect(units.status == 0, "\(units.errors)")
            let unit = try Files.read("\(directory)/k8s-bootstrap-kubelet-address.service")
            #expect(!String(decoding: unit, as: UTF8.self).contains("192."))
        }
    }
}

/// A new network namespace, in which the program runs.
enum NetworkNamespace {
    /// Runs the program in a new network namespace, and a script before it, and another one once the program waits.
    static func run(
        _ node: TestNode,
        _ arguments: [String] = ["run"],
        before: String = "",
        during: String = ":",
    ) async throws -> ToolResult {
        let script = """
            ip link set lo up
            \(before)
            "$@" >"$OUTPUT" 2>&1 &
            until grep -q ': waiting: ' "$OUTPUT" || ! kill -0 $! 2>/dev/null; do sleep 0.05; done
            \(during)
            status=0
            wait $! || status=$?
            cat "$OUTPUT"
            exit $status
            """
        return try await Tool.run(
            "unshare",
            ["--net", "sh", "-euc", script, "sh", TestNode.program] + arguments
                + ["--config", node.config, "--root", node.root],
            environment: ["OUTPUT": node.path("output"), "ROOT": node.root, "NEST_ROLE": nil, "JOURNAL_STREAM": nil],
        )
    }

    /// Makes an interface with a cable to another one, whose name is longer by an `x`.
    static func link(_ name: String) -> String { "ip link add \(name) type veth peer name x\(name)" }
}

extension Trait where Self == ConditionTrait {
    /// Skips a test where no network namespace can be made.
    static var needsNetworkNamespace: Self {
        .enabled(if: geteuid() == 0, "only root can make a network namespace")
    }
}
