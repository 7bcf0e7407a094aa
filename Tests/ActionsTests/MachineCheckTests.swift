import Base
import Planning
import TestSupport
import Testing
import YAML

@testable import Actions

/// What of a machine does not suit its cluster.
@Suite struct MachineCheckTests {
    private static let file = """
        cluster: {vip: 192.168.1.100}
        nodes:
          cp-01: {role: control-plane, address: 192.168.1.101}
          cp-02: {role: control-plane, address: 192.168.1.102}
          worker-*: {role: worker}
        tasks: {a: {file: {path: /etc/a, content: a}}}
        """

    private static func interface(_ name: String, _ subnets: String...) -> NetworkInterface {
        let addresses = subnets.compactMap { text in
            IPAddress(String(text.prefix { $0 != "/" })).map {
                NetworkInterface.Address($0, subnet: AddressRange(text))
            }
        }
        return NetworkInterface(name: name, isUp: true, isRunning: true, addresses: addresses)
    }

    private func warnings(
        _ interfaces: [NetworkInterface],
        of host: String = "cp-01",
        file: String = file,
        swap: [String] = [],
        withoutRoute: Set<String> = [],
    ) throws -> [String] {
        let source = SourceFile(path: "f", bytes: Array(file.utf8))
        let declarations = try readDeclarations([source], node: NodeFacts(hostName: host))
        let facts = MachineCheck.Facts(interfaces: interfaces, swapAreas: swap) { address in
            !withoutRoute.contains("\(address)")
        }
        return MachineCheck(declarations, facts, chosen: nil).warnings().map { problem in
            "\(problem.location.map { "\($0): " } ?? "")\(problem.message)"
        }
    }

    private let loopback = interface("lo", "127.0.0.1/8")

    @Test func `a machine that suits has no warnings`() throws {
        #expect(try warnings([loopback, Self.interface("eth0", "192.168.1.101/24")]) == [])
    }

    @Test func `a machine that has another address, or none, is reported with what it has`() throws {
        let subject = "f:3:3: 192.168.1.101, the address of node 'cp-01', is on no interface of this machine, which has"
        #expect(
            try warnings([loopback, Self.interface("eth0", "192.168.1.7/24", "fe80::1/64")]) == [
                "\(subject) 192.168.1.7 on 'eth0'"
            ]
        )
        #expect(try warnings([loopback]) == ["\(subject) no address"])
    }

    @Test func `a virtual IP address in another subnet is reported on control planes`() throws {
        let eth0 = Self.interface("eth0", "192.168.1.101/25")
        #expect(try warnings([eth0]) == [])
        let other = Self.file.replacing("192.168.1.100", with: "192.168.1.200")
        let subject = "f:1:16: 192.168.1.200, the virtual IP address of the cluster, is not in 192.168.1.0/25"
        #expect(
            try warnings([eth0], file: other) == [
                "\(subject), the subnet of this node's address 192.168.1.101 on 'eth0'"
            ]
        )
        #expect(try warnings([eth0], of: "worker-1", file: other) == [])
        // A subnet of one address, as clouds have it, says nothing.
        #expect(try warnings([Self.interface("eth0", "192.168.1.101/32")], file: other) == [])
    }

    @Test func `other nodes without a route are reported together`() throws {
        #expect(
            try warnings([loopback], of: "worker-7", withoutRoute: ["192.168.1.102", "192.168.1.100"]) == [
                "f:4:3: this machine has no route to 192.168.1.102 ('cp-02'), 192.168.1.100 (the virtual IP address)"
            ]
        )
    }

    @Test func `swap is reported`() throws {
        #expect(
            try warnings([Self.interface("eth0", "192.168.1.101/24")], swap: ["/dev/sda2"]) == [
                "swap is on (/dev/sda2), with which the kubelet does not start by default"
            ]
        )
    }

    @Test func `a machine that the files do not list is not looked at`() throws {
        #expect(try warnings([], of: "laptop", swap: ["/dev/sda2"], withoutRoute: ["192.168.1.100"]) == [])
    }
}
