import Base
import Testing

@testable import Planning

/// The address of a node by rule, on a machine with eight interfaces.
@Suite(.timeLimit(.minutes(15))) struct AddressRuleTests {
    private static func interface(
        _ name: String,
        _ addresses: [(String, NetworkInterface.Address.State)],
        isUp: Bool = true,
        isRunning: Bool = true,
    ) throws -> NetworkInterface {
        let addresses = try addresses.map { text, state in
            NetworkInterface.Address(try #require(IPAddress(text)), state)
        }
        return NetworkInterface(name: name, isUp: isUp, isRunning: isRunning, addresses: addresses)
    }

    private static func machine() throws -> [NetworkInterface] {
        [
            try interface("lo", [("127.0.0.1", .stable), ("::1", .stable)]),
            try interface(
                "eth0",
                [
                    ("192.168.0.10", .stable), ("192.168.0.11", .stable), ("2001:db8:1::5", .temporary),
                    ("2001:db8:1::6", .deprecated), ("2001:db8:1::7", .tentative), ("2001:db8:1::8", .stable),
                    ("fe80::1", .stable),
                ]
            ),
            try interface("docker0", [("172.17.0.1", .stable)], isRunning: false),
            try interface("cni0", [("10.244.1.1", .stable)]),
            try interface("cali123", [("fe80::ecee", .stable)]),
            try interface("cali456", [("fe80::ecee", .stable)]),
            try interface("wg0", [("10.8.0.2", .stable)]),
            try interface("tailscale0", [("100.101.102.103", .stable), ("fd7a:115c::1", .stable)]),
        ]
    }

    private static func range(_ text: String) throws -> AddressRange { try #require(AddressRange(text)) }

    @Test func `without keys it is the first of the node's own interfaces`() throws {
        let choice = AddressRule().choose(among: try Self.machine())
        #expect(choice.chosen?.subject == "192.168.0.10 on 'eth0'")
        #expect(
            choice.reasons == [
                "'lo' (skipped)",
                "192.168.0.11 on 'eth0', 10.8.0.2 on 'wg0', 100.101.102.103 on 'tailscale0' (another comes first)",
                "2001:db8:1::5 on 'eth0', 2001:db8:1::6 on 'eth0', 2001:db8:1::7 on 'eth0' and 3 more (not IPv4)",
                "'docker0' (skipped by 'docker*')",
                "'cni0' (skipped by 'cni*')",
                "'cali123', 'cali456' (skipped by 'cali*')",
            ]
        )
    }

    @Test func `the order of 'interfaces' decides, and nothing else is skipped`() throws {
        let rule = AddressRule(interfaces: ["tailscale*", "cni0", "eth0"])
        #expect(rule.choose(among: try Self.machine()).chosen?.subject == "100.101.102.103 on 'tailscale0'")
        let without = try Self.machine().filter { $0.name != "tailscale0" }
        let choice = rule.choose(among: without)
        #expect(choice.chosen?.subject == "10.244.1.1 on 'cni0'")
        #expect(choice.others.first { $0.address?.description == "192.168.0.10" }?.reason == "another comes first")
        #expect(choice.others.first { $0.interface == "wg0" }?.reason == "not in 'interfaces'")
    }

    @Test func `what is skipped replaces the default`() throws {
        let choice = AddressRule(skip: ["eth*", "lo"]).choose(among: try Self.machine())
        #expect(choice.chosen?.subject == "10.244.1.1 on 'cni0'")
        #expect(choice.others.first { $0.interface == "docker0" }?.reason == "no carrier")
    }

    @Test func `the address is in the range`() throws {
        let choice = AddressRule(range: try Self.range("100.64.0.0/10")).choose(among: try Self.machine())
        #expect(choice.chosen?.subject == "100.101.102.103 on 'tailscale0'")
        #expect(
            choice.reasons.contains { $0.hasPrefix("192.168.0.10 on 'eth0'") && $0.hasSuffix("(not in 100.64.0.0/10)") }
        )
    }

    @Test func `an IPv6 address is a stable one of more than the link`() throws {
        let choice = AddressRule(family: .ipv6).choose(among: try Self.machine())
        #expect(choice.chosen?.subject == "2001:db8:1::8 on 'eth0'")
        let reasons = choice.others.filter { $0.interface == "eth0" }.map(\.reason)
        #expect(
            reasons == [
                "not IPv6", "not IPv6", "temporary", "deprecated", "still checked for duplicates", "link-local",
            ]
        )
        let tailnet = AddressRule(range: try Self.range("fd7a:115c::/32"))
        #expect(tailnet.choose(among: try Self.machine()).chosen?.subject == "fd7a:115c::1 on 'tailscale0'")
    }

    @Test func `an interface that is down has no address`() throws {
        let machine = [
            try Self.interface("eth0", [("10.0.0.1", .stable)], isUp: false), try Self.interface("eth1", []),
        ]
        let choice = AddressRule().choose(among: machine)
        #expect(choice.address == nil)
        #expect(choice.summary == "'eth0' (down), 'eth1' (no address)")
        #expect(AddressRule().choose(among: []).summary == "there is no interface")
    }

    @Test func `loopback is no address of the node, also if its interface is named`() throws {
        let lo = try Self.interface("lo", [("127.0.0.1", .stable), ("10.1.1.1", .stable)])
        #expect(AddressRule(interfaces: ["lo"]).choose(among: [lo]).chosen?.subject == "10.1.1.1 on 'lo'")
    }
}
