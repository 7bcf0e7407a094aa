import Base
import Planning
import Testing

/// The plans of a k3s cluster: two tables and a description of the network.
@Suite(.timeLimit(.minutes(15))) struct ImportPlansTests {
    private static let hosts = "name,interface,ip,admin\nolaf,eth0,10.0.100.2,manfred\nulf,eth0,10.0.100.3,manfred\n"
    private static let k3s = "host,name,type,ip\nolaf,olaf-s,init-server,10.0.100.10\nulf,ulf-a,agent,10.0.100.11\n"
    private static let network = "subnet: 10.0.100.0/24\n"

    @Test func `all mistakes of the tables are reported at once, with their places`() {
        let hosts = """
            name,interface,ip,admin,rack
            olaf, eth0, 10.0.100.2, manfred, 1
            ulf, eth0, 10.0.100.2, manfred
            "rolf", eth0/x, 10.0.101.4, manfred, "a ""b\"""
            ro_lf, , 10.0.100.9, "man fred", 4, a, b
            olaf, eth/, 10.0.100.x, manfred, 5

            ulrich, eth0, 10.0.100.255, manfred, a"b
            """
        let k3s = """
            host, name, type, ip
            olaf, olaf-s, init-server, 10.0.100.10
            olaf, olaf-a, agent, 10.0.100.9
            Olaf, olaf-a, agent, 10.0.100.12
            ulf, ulf-s, init-server, 10.0.101.13
            ulf, ulf-t, server, 10.0.100.14
            olav, ruf-a, agent, 10.0.100.15
            rolf, rolf, worker, 10.0.100.200
            rolf, , agent,
            """
        let expected = """
            hosts.csv:3:1: the line has 4 values, and the table 5 columns
            hosts.csv:3:12: address 10.0.100.2 of host 'ulf' is used twice, the first time at hosts.csv:2:13
            hosts.csv:4:9: 'interface' must be the name of a network interface
            hosts.csv:4:17: address 10.0.101.4 of host 'rolf' is outside of the network 10.0.100.0/24
            hosts.csv:5:1: 'name' must be a host name… found 'ro_lf'; write ro-lf
            hosts.csv:5:8: 'interface' is empty
            hosts.csv:5:22: 'admin' must be a name, or a number up to 4294967294, found 'man fred'
            hosts.csv:5:37: the line has 7 values, and the table 5 columns
            hosts.csv:6:1: name 'olaf' is used twice, the first time at hosts.csv:2:1
            hosts.csv:6:7: 'interface' must be the name of a network interface
            hosts.csv:6:13: 'ip' must be an IP address such as 192.168.0.10, found '10.0.100.x'
            hosts.csv:8:39: a quote in the middle of a value
            k3s.csv:3:22: address 10.0.100.9 of agent 'olaf-a' is used twice, the first time at hosts.csv:5:10
            k3s.csv:4:1: host 'olaf' has two agents, the first one at k3s.csv:3:1
            k3s.csv:4:7: name 'olaf-a' is used twice, the first time at k3s.csv:3:7
            k3s.csv:5:13: a second server has type 'init-server', the first one is at k3s.csv:2:15; write server
            k3s.csv:5:26: address 10.0.101.13 of server 'ulf-s' is outside of the network 10.0.100.0/24
            k3s.csv:6:1: host 'ulf' has two servers, the first one at k3s.csv:5:1
            k3s.csv:7:1: no host of hosts.csv is named 'olav'; did you mean 'olaf'?
            k3s.csv:8:7: name 'rolf' is used twice, the first time at hosts.csv:4:1
            k3s.csv:8:13: 'type' must be 'init-server', 'server' or 'agent', found 'worker'
            k3s.csv:8:21: address 10.0.100.200 of member 'rolf' is used twice, the first time at network.yaml:2:6
            k3s.csv:9:7: 'name' is empty
            k3s.csv:9:15: 'ip' is empty
            """
        #expect(isReported(imported(hosts, k3s, Self.network + "vip: 10.0.100.200\n"), expected))
    }

    @Test(arguments: [(";", "';'"), ("|", "'|'"), ("\t", "a tab")])
    func `a table with other separators is one mistake`(separator: String, name: String) {
        let faults = imported(Self.hosts.replacing(",", with: separator), Self.k3s, Self.network)
        #expect(faults.hasPrefix("hosts.csv:1:1: the columns are separated with \(name); write ','"), "\(faults)")
        #expect(faults.split(separator: "\n").filter { $0.hasPrefix("hosts.csv") }.count == 1, "\(faults)")
    }

    private static let networkFaults: [(String, String)] = [
        ("", "network.yaml: 'subnet' of network.yaml is missing"),
        ("[]", "network.yaml:1:1: network.yaml must be a mapping, found a list"),
        ("subnet: 10.0.100.1/24", "network.yaml:1:9: 'subnet' of network.yaml is not the first address of its range"),
        ("subnet: 10.0.100.2", "network.yaml:1:9: 'subnet' of network.yaml must be a range of addresses"),
        ("\(network)gatway: 10.0.100.1", "network.yaml:2:1: unknown key 'gatway' in network.yaml"),
        ("\(network)vip: 10.0.99.1", "network.yaml:2:6: address 10.0.99.1 of 'vip' is outside of the network"),
        (
            "\(network)gateway: 10.0.100.3",
            "hosts.csv:3:10: address 10.0.100.3 of host 'ulf' is used twice, the first time at network.yaml:2:10"
        ),
        ("\(network)nameservers: 8.8.8.8", "network.yaml:2:14: 'nameservers' of network.yaml must be a list of IP"),
        ("\(network)---\na: 1", "network.yaml:3:1: the file has more than one YAML document"),
    ]

    @Test(arguments: networkFaults)
    func `the network has keys that are known, and addresses that are in it`(network: String, message: String) {
        #expect(isReported(imported(Self.hosts, Self.k3s, network), message))
    }

    @Test func `a cluster has one server that begins it`() {
        let agents = "host,name,type,ip\nulf,ulf-a,agent,10.0.100.11\n"
        let message = "k3s.csv:1:1: no server has type 'init-server'"
        #expect(isReported(imported(Self.hosts, agents, Self.network), message))
        #expect(isReported(imported(Self.hosts, "host,name,type,ip\n", Self.network), message))
        let slip = imported(Self.hosts, Self.k3s.replacing("init-server", with: "init-servr"), Self.network)
        #expect(isReported(slip, "k3s.csv:2:13: 'type' must be… did you mean 'init-server'?"))
    }

    @Test func `names are in lower case and other values as written, whatever the form of the table is`() throws {
        let hosts =
            "\u{feff} NAME ,\"Interface\", ip,admin , Rack,diskNote\r\n\r\n\tOlaf, enP4p65s0 ,\u{a0}10.0.100.2,Manfred,07,\r\n"
            + "ulf,eth0,10.0.100.3, \"manfred\" ,12,\"a, \"\"b\"\" ${x} C\""
        let k3s = "ip,note,type,name,host\n10.0.100.11,,AGENT,olaf-a,OLAF\n10.0.100.10,X,Init-Server,Olaf-S,olaf\n"
        let network = "subnet: 10.0.100.0/24\nvip: 10.0.100.100\nname: Home\nnameservers: [8.8.8.8, 1.1.1.1]\n"
        let written = imported(hosts, k3s, network)
        #expect(written.hasPrefix("# Made by 'call'. To change it, change the inventory and import it"))
        let olaf = """
              olaf:
                roles: [control-plane, init, worker]
                address: 10.0.100.2
                variables:
                  interface: enP4p65s0
                  admin: Manfred
                  Rack: "07"
                  k3s.agent.name: olaf-a
                  k3s.agent.address: 10.0.100.11
                  k3s.server.name: olaf-s
                  k3s.server.address: 10.0.100.10
                  k3s.server.note: X
                  subnet: "10.0.100.0/24"

            """
        #expect(written.contains(olaf), "\(written)")
        #expect(written.contains("      nameservers: \"8.8.8.8,1.1.1.1\"\n      state: MASTER\n      priority: 150\n "))
        #expect(written.contains("      diskNote: \"a, \\\"b\\\" $${x} C\"\n"), "\(written)")
        let task = "tasks: {t: {exec: {command: ls, args: [\"${diskNote}\", \"${k3s.server.address}\"]}}}\n"
        let all = "variables: {diskNote: n, k3s.server.address: none}\n" + task
        let read = try declarations([("b.yaml", all), ("d.yaml", written)], role: nil, host: "ulf")
        #expect(read.variables["diskNote"] == "a, \"b\" ${x} C")
        #expect(read.variables["k3s.server.address"] == "none")
        #expect(read.plan.roles == ["host"])
    }

    @Test func `a host may have a dynamic address and another one to deploy to`() throws {
        let hosts =
            "name,interface,ip,admin\nolaf,eth0,10.0.100.2@local,m\nulf,eth0,DHCP@ulf.example.test,m\nrolf,eth0,auto,m\n"
        let k3s = "host,name,type,ip\nolaf,olaf-s,init,10.0.100.10\nulf,ulf-s,server,10.0.100.11\n"
        for network in ["netmask: \"24\"", "netmask: 24", "netmask: /24"] {
            let written = imported(hosts, k3s, "\(network)\ngateway: 10.0.100.1\n")
            let common = "subnet: \"10.0.100.0/24\"\n      prefixLength: 24\n      gateway: 10.0.100.1\n"
            #expect(written.contains("deploymentTarget: localhost\n"), "\(written)")
            #expect(written.contains("  ulf:\n    roles: [control-plane, join]\n    variables:\n"), "\(written)")
            #expect(written.contains("  rolf:\n    role: host\n    variables:\n"), "\(written)")
            #expect(written.split(separator: common, omittingEmptySubsequences: false).count == 4, "\(written)")
        }
        let sources = [hosts, k3s, Self.network].map { SourceFile(path: "f", bytes: Array($0.utf8)) }
        let warnings = try readPlans(hosts: sources[0], k3s: sources[1], network: sources[2]).warnings
        let starts = "f:3:10: host 'ulf' has a dynamic address\nf:4:11: host 'rolf' has a dynamic address"
        #expect(isReported(warnings.map(\.description).joined(separator: "\n"), starts))
    }

    @Test(arguments: [
        ("netmask: 24", "'netmask' of network.yaml is the size of the network, and 'gateway' has no address in it"),
        ("netmask: 33\ngateway: 10.0.100.1", "'netmask' of network.yaml must be the number of bits of the network"),
        ("netmask: 24\nsubnet: 10.0.100.0/24", "'netmask' of network.yaml says the same as 'subnet'; remove one"),
    ])
    func `a network has one size, and an address with it`(network: String, message: String) {
        #expect(imported(Self.hosts, Self.k3s, network).contains(message))
    }

    @Test func `a target of a deployment is an address or a host name`() {
        let hosts = Self.hosts.replacing("10.0.100.2", with: "10.0.100.2@a b")
        #expect(imported(hosts, Self.k3s, Self.network).contains("'ip' must be an address, perhaps with '@' and"))
    }

    private static let tableFaults: [(String, String)] = [
        ("", "hosts.csv: the table is empty"),
        (
            "name,interfce,ip\n",
            "hosts.csv:1:1: column 'interface' is missing\nhosts.csv:1:1: column 'admin' is missing",
        ),
        (
            "name,interface,ip,admin,ip\n",
            "hosts.csv:1:1: no host is listed\nhosts.csv:1:25: column 'ip' appears twice, first at hosts.csv:1:16",
        ),
        (
            "name,interface,ip,admin,Rack,rack\nh,eth0,10.0.100.2,m,x,y\n",
            "hosts.csv:1:30: column 'rack' appears twice, first at hosts.csv:1:25",
        ),
        ("name,interface,ip,admin,node.x\nh,eth0,10.0.100.2,m,x\n", "hosts.csv:1:25: names such as 'node.x'"),
        ("name,interface,ip,admin\n\"a\"b,eth0,10.0.100.2,x\n", "hosts.csv:2:4: a quote in the middle of a value"),
        ("name,interface,ip,admin\n\"a,eth0,10.0.100.2,x\n\n", "hosts.csv:2:1: the quote is never closed"),
        ("name,interface,ip,admin\r\nä\0", "hosts.csv: the file is no text in UTF-8"),
    ]

    @Test(arguments: tableFaults)
    func `what is no table is reported`(hosts: String, message: String) {
        #expect(isReported(imported(Array(hosts.utf8), nil, Self.network), message))
    }

    @Test func `bytes that are not UTF-8 are no table`() {
        for bytes in [Array("name,\nö".utf8) + [0xFF, 0x0A], [0xFF, 0xFE, 0x61, 0]] {
            let found = imported(bytes, Self.k3s, Self.network)
            #expect(isReported(found, "hosts.csv: the file is no text in UTF-8"), "\(found)")
        }
    }

    @Test func `a line break in quotes is no end of the line, and no value`() {
        let hosts = "name,interface,ip,admin,note\nolaf,eth0,10.0.100.2,m,\"a\nb\"\nulf,eth0/,10.0.100.3,m,\n"
        let found = imported(hosts, Self.k3s, Self.network)
        let starts = "hosts.csv:2:24: 'note' must be a string on one line\nhosts.csv:4:5: 'interface' must be the name"
        #expect(isReported(found, starts), "\(found)")
    }
}

/// The drop-in that is made of plans, or what is wrong with them.
func imported(_ hosts: String, _ k3s: String?, _ network: String) -> String {
    imported(Array(hosts.utf8), k3s, network)
}

/// The drop-in that is made of plans, or what is wrong with them.
func imported(_ hosts: [UInt8], _ k3s: String?, _ network: String) -> String {
    do {
        let cluster = try readPlans(
            hosts: SourceFile(path: "hosts.csv", bytes: hosts),
            k3s: k3s.map { SourceFile(path: "k3s.csv", bytes: Array($0.utf8)) },
            network: SourceFile(path: "network.yaml", bytes: Array(network.utf8)),
        )
        return cluster.dropIn(madeBy: ["call"])
    } catch {
        return "\(error)"
    }
}
