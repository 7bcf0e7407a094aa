import TestSupport
import Testing

/// Connections through interfaces that are down or have no carrier, each in a network namespace of its own.
@Suite(.temporaryDirectory, .needsNetworkNamespace, .timeLimit(.minutes(30)))
struct LinkFaultTests {
    private static let addresses = ["near": "10.9.0.2:6443", "far": "10.77.0.2:6443"]

    /// Returns the advice on connections, as expected as soon as a busy machine has the time to look for it.
    private func advice(
        _ setUp: String,
        to addresses: [String: String] = addresses,
        until isExpected: ([String]) -> Bool,
    ) async throws -> [String] {
        try await retrying(from: .seconds(4), until: isExpected) { time in
            let tasks = addresses.map { "  \($0): {timeout: \(time.components.seconds)s, wait: {tcp: \"\($1)\"}}\n" }
            return try await advice(setUp, tasks: "tasks:\n" + tasks.joined())
        }
    }

    private func advice(_ setUp: String, tasks: String) async throws -> [String] {
        // `/sys` shows the interfaces of the namespace in which it was mounted.
        let before = "mount -t sysfs none /sys\n\(setUp)"
        let node = try TestNode(tasks)
        let result = try await Tool.run(
            "unshare",
            ["--net", "--mount", "sh", "-euc", "\(before)\nexec \"$@\" 2>&1", "sh", TestNode.program, "run"]
                + ["--config", node.config, "--root", node.root],
            environment: ["NEST_ROLE": nil, "JOURNAL_STREAM": nil]
        )
        #expect(result.status == 1, "\(result.output)\(result.errors)")
        return result.outputLines.filter { $0.contains(": error: ") }.sorted()
            .map { $0.split(separator: "; ", maxSplits: 1).last.map(String.init) ?? "" }
    }

    @Test(
        arguments: [
            (
                "ip addr add 10.9.0.1/24 dev eth0",
                "interface 'eth0', through which this node reaches it, is down: run 'ip link set eth0 up'",
                "this node has no default route, and its interface 'eth0' is down: run 'ip link set eth0 up', and let its "
                    + "configuration set the routes"
            ),
            (
                "ip addr add 10.9.0.1/24 dev eth0; ip link set eth0 up; ip route add default via 10.9.0.254",
                "interface 'eth0', through which this node reaches it, is up and has no carrier: set the other end up: see "
                    + "'ip -d link show eth0'",
                nil
            ),
            (
                """
                ip link add br0 type bridge
                ip link set eth0 master br0
                ip link set br0 up
                ip addr add 10.9.0.1/24 dev br0
                ip route add default via 10.9.0.254
                """,
                "interface 'br0', through which this node reaches it, has no carrier, because interface 'eth0' below it is "
                    + "down: run 'ip link set eth0 up'",
                nil
            ),
        ] as [(String, String, String?)]
    )
    func `the interface of the route and its fault are named`(setUp: String, near: String, far: String?) async throws {
        let expected = [far ?? near, near]
        let lines = try await advice("\(NetworkNamespace.link("eth0"))\n\(setUp)") { $0 == expected }
        #expect(lines == expected)
    }

    @Test func `the loopback interface is down`() async throws {
        let expected = ["interface 'lo', through which this node reaches it, is down: run 'ip link set lo up'"]
        let lines = try await advice(":", to: ["it": "127.0.0.1:6443"]) { $0 == expected }
        #expect(lines == expected)
    }

    @Test func `an interface that is up is not named`() async throws {
        let lines = try await advice(
            """
            \(NetworkNamespace.link("eth0"))
            ip link set xeth0 up
            ip link set eth0 up
            ip addr add 10.9.0.1/24 dev eth0
            ip route add default via 10.9.0.254
            """
        ) { _ in true }
        #expect(!lines.contains { $0.contains("is down") || $0.contains("carrier") }, "\(lines)")
    }
}
