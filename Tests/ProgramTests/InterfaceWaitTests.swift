import TestSupport
import Testing

/// Tasks that wait for the network, each in a network namespace of its own.
@Suite(.temporaryDirectory, .needsNetworkNamespace, .timeLimit(.minutes(30)))
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

    @Test func `what a machine with eight interfaces has is named`() async throws {
        let setUp = (0..<8).map { number in
            """
            \(NetworkNamespace.link("eth\(number)"))
            ip addr add 10.0.\(number).1/24 dev eth\(number)
            ip link set eth\(number) up
            ip link set xeth\(number) \(number == 3 ? "down" : "up")
            """
        }
        let result = try await run(
            """
            tasks:
              in-range: {wait: {address: 10.0.5.0/24}}
              exact: {wait: {address: 10.0.7.1}}
              named: {wait: {interface: eth7}}
              version6: {timeout: 1s, wait: {address: "fd00::/8"}}
              other: {timeout: 1s, wait: {address: 192.168.0.0/16}}
              carrier: {timeout: 1s, wait: {interface: eth3}}
              missing: {timeout: 1s, wait: {interface: wlan0}}
            """,
            before: setUp.joined(separator: "\n"),
        )
        #expect(result.status == 1)
        let failures = result.output.split(separator: "\n").filter { $0.contains(": error: ") }.sorted().map { line in
            line.replacing(#/error: \S+bootstrap\.yaml:\d+:\d+: /#, with: "error: ")
        }
        try #require(failures.count == 4, "\(result.output)")
        let end = ", or increase 'timeout' of task"
        let timedOut = "error: timed out after 1s waiting for"
        #expect(
            failures[0] == "carrier: \(timedOut) interface 'eth3' to be up: 'eth3' has no carrier; "
                + "see 'ip link', and check what creates the interface\(end) 'carrier'"
        )
        #expect(
            failures[1].hasPrefix("missing: \(timedOut) interface 'wlan0' to be up: it does not exist; see 'ip link', ")
        )
        let reason = "no interface that is up has it; see 'ip address', and check what joins the network"
        #expect(failures[2] == "other: \(timedOut) an address in 192.168.0.0/16: \(reason)\(end) 'other'")
        #expect(failures[3] == "version6: \(timedOut) an address in fd00::/8: \(reason)\(end) 'version6'")
        #expect(result.output.hasSuffix("\n7 tasks: 3 unchanged, 4 failed\n"), "\(result.output)")
    }

    @Test func `a signal ends the wait`() async throws {
        let result = try await run("tasks: {t: {wait: {interface: wlan0}}}\n", during: "kill -TERM $!")
        #expect(result.status == 143, "\(result.output)")
    }
}
