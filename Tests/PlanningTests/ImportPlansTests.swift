import Base
import Planning
import Testing

/// The plans of a k3s cluster: two tables and a description of the network.
@Suite(.timeLimit(.minutes(5))) struct ImportPlansTests {
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
            olaf, eth*, 10.0.100.x, manfred, 5

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
            hosts.csv:3:1: the line has 4 values, and the table 5 columns; write ',' also before a value that is empty
            hosts.csv:3:12: address 10.0.100.2 of host 'ulf' is that of host 'olaf' at hosts.csv:2:13 as well; \
            write another address
            hosts.csv:4:9: 'interface' must be the name of a network interface, 15 characters at most, none of them a space \
            or '/', found 'eth0/x'
            hosts.csv:4:17: address 10.0.101.4 of host 'rolf' is outside of the network 10.0.100.0/24; \
            write an address of the network, or correct 'subnet' in network.yaml
            hosts.csv:5:1: 'name' must be a host name of lower-case letters, digits, '-' and '.', found 'ro_lf'; write ro-lf
            hosts.csv:5:8: 'interface' is empty; write a value
            hosts.csv:5:22: 'admin' must be a name, or a number up to 4294967294, found 'man fred'
            hosts.csv:5:37: the line has 7 values, and the table 5 columns; write values with ',' in them in quotes
            hosts.csv:6:1: name 'olaf' is used twice, the first time at hosts.csv:2:1; write another name
            hosts.csv:6:7: 'interface' must be the name of one network interface, found 'eth*'
            hosts.csv:6:13: 'ip' must be an IP address such as 192.168.0.10, found '10.0.100.x'
            hosts.csv:8:15: address 10.0.100.255 of host 'ulrich' is that of the network 10.0.100.0/24 itself, or its \
            broadcast address; write another address of the network
            hosts.csv:8:39: a quote in the middle of a value; write the whole value in quotes, and each quote in it twice
            k3s.csv:3:22: address 10.0.100.9 of agent 'olaf-a' is that of host 'ro_lf' at hosts.csv:5:10 as well; \
            write another address
            k3s.csv:4:1: host 'olaf' has two agents, the first one at k3s.csv:3:1; \
            a host runs at most one server and one agent
            k3s.csv:4:7: name 'olaf-a' is used twice, the first time at k3s.csv:3:7; write another name
            k3s.csv:5:13: a second server has type 'init-server', the first one is at k3s.csv:2:15; write server
            k3s.csv:5:26: address 10.0.101.13 of server 'ulf-s' is outside of the network 10.0.100.0/24; \
            write an address of the network, or correct 'subnet' in network.yaml
            k3s.csv:6:1: host 'ulf' has two servers, the first one at k3s.csv:5:1; \
            a host runs at most one server and one agent
            k3s.csv:7:1: no host of hosts.csv is named 'olav'; did you mean 'olaf'?
            k3s.csv:8:7: name 'rolf' is used twice, the first time at hosts.csv:4:1; write another name
            k3s.csv:8:13: 'type' must be 'init-server', 'server' or 'agent', found 'worker'
            k3s.csv:8:21: address 10.0.100.200 of member 'rolf' is that of 'vip' at network.yaml:2:6 as well; \
            write another address
            k3s.csv:9:7: 'name' is empty; write a value
            k3s.csv:9:15: 'ip' is empty; write a value
            """
        #expect(imported(hosts, k3s, Self.network + "vip: 10.0.100.200\n") == expected)
    }

    @Test(arguments: [(";", "';'"), ("|", "'|'"), ("\t", "a tab")])
    func `a table with other separators is one mistake`(separator: String, name: String) {
        let faults = imported(Self.hosts.replacing(",", with: separator), Self.k3s, Self.network)
        #expect(
            faults.hasPrefix("hosts.csv:1:1: the columns are separated with \(name); write ',' instead"),
            "\(faults)"
        )
        #expect(faults.split(separator: "\n").filter { $0.hasPrefix("hosts.csv") }.count == 1, "\(faults)")
    }

    private static let networkFaults: [(String, String)] = [
        ("", "network.yaml: 'subnet' of network.yaml is missing; add subnet: 10.0.100.0/24"),
        ("[]", "network.yaml:1:1: network.yaml must be a mapping, found a list; write subnet: 10.0.100.0/24"),
        (
            "subnet: 10.0.100.1/24",
            """
            network.yaml:1:9: 'subnet' of network.yaml is not the first address of its range; write subnet: \
            10.0.100.0/24, or subnet: 10.0.100.1 for this address only
            """
        ),
        (
            "subnet: 10.0.100.2",
            """
            network.yaml:1:9: 'subnet' of network.yaml must be a range of addresses such as 10.0.100.0/24, found \
            '10.0.100.2'
            """
        ),
        (
            "\(network)gatway: 10.0.100.1",
            """
            network.yaml:2:1: unknown key 'gatway' in network.yaml; did you mean 'gateway'?
            """
        ),
        (
            "\(network)vip: 10.0.99.1",
            """
            network.yaml:2:6: address 10.0.99.1 of 'vip' is outside of the network 10.0.100.0/24; write an address \
            of the network, or correct 'subnet' in network.yaml
            """
        ),
        (
            "\(network)gateway: 10.0.100.0",
            """
            network.yaml:2:10: address 10.0.100.0 of 'gateway' is that of the network 10.0.100.0/24 itself, or its \
            broadcast address; write another address of the network
            """
        ),
        (
            "\(network)gateway: 10.0.100.3",
            """
            hosts.csv:3:10: address 10.0.100.3 of host 'ulf' is that of 'gateway' at network.yaml:2:10 as well; \
            write another address
            """
        ),
        (
            "\(network)nameservers: 8.8.8.8",
            """
            network.yaml:2:14: 'nameservers' of network.yaml must be a list of IP addresses, found '8.8.8.8'; write \
            each item on a line of its own, after '- '
            """
        ),
        ("\(network)---\na: 1", "network.yaml:3:1: the file has more than one YAML document; remove the line ---"),
    ]

    @Test(arguments: networkFaults)
    func `the network has keys that are known, and addresses that are in it`(network: String, message: String) {
        #expect(imported(Self.hosts, Self.k3s, network) == message)
    }

    @Test func `a cluster has one server that begins it`() {
        let agents = "host,name,type,ip\nulf,ulf-a,agent,10.0.100.11\n"
        let message = "k3s.csv:1:1: no server has type 'init-server'; write it for the server that begins the cluster"
        #expect(imported(Self.hosts, agents, Self.network) == message)
        #expect(imported(Self.hosts, "host,name,type,ip\n", Self.network) == message)
        let slip = imported(Self.hosts, Self.k3s.replacing("init-server", with: "init-servr"), Self.network)
        #expect(
            slip == "k3s.csv:2:13: 'type' must be 'init-server', 'server' or 'agent', found 'init-servr'; "
                + "did you mean 'init-server'?"
        )
    }

    @Test func `names are in lower case and other values as written, whatever the form of the table is`() throws {
        let hosts =
            "\u{feff} NAME ,\"Interface\", ip,admin , Rack,diskNote\r\n\r\n\tOlaf, enP4p65s0 ,\u{a0}10.0.100.2,Manfred,07,\r\n"
            + "ulf,eth0,10.0.100.3, \"manfred\" ,12,\"a, \"\"b\"\" ${x} C\""
        let k3s = "ip,note,type,name,host\n10.0.100.11,,AGENT,olaf-a,OLAF\n10.0.100.10,X,Init-Server,Olaf-S,olaf\n"
        let network = "subnet: 10.0.100.0/24\nvip: \" 10.0.100.100 \"\nname: Home\nnameservers: [8.8.8.8, 1.1.1.1]\n"
        let written = imported(hosts, k3s, network)
        let expected = """
            # Made by 'call'. To change it, change the inventory and import it again.
            cluster:
              name: Home
              vip: 10.0.100.100
            nodes:
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
                  prefixLength: 24
                  nameservers: "8.8.8.8,1.1.1.1"
                  state: MASTER
                  priority: 150
              ulf:
                role: host
                address: 10.0.100.3
                variables:
                  interface: eth0
                  admin: manfred
                  Rack: 12
                  diskNote: "a, \\"b\\" $${x} C"
                  subnet: "10.0.100.0/24"
                  prefixLength: 24
                  nameservers: "8.8.8.8,1.1.1.1"

            """
        #expect(written == expected)
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
            let expected = """
                # Made by 'call'. To change it, change the inventory and import it again.
                nodes:
                  olaf:
                    roles: [control-plane, init]
                    address: 10.0.100.2
                    variables:
                      deploymentTarget: localhost
                      interface: eth0
                      admin: m
                      k3s.server.name: olaf-s
                      k3s.server.address: 10.0.100.10
                      subnet: "10.0.100.0/24"
                      prefixLength: 24
                      gateway: 10.0.100.1
                  ulf:
                    roles: [control-plane, join]
                    variables:
                      deploymentTarget: ulf.example.test
                      interface: eth0
                      admin: m
                      k3s.server.name: ulf-s
                      k3s.server.address: 10.0.100.11
                      subnet: "10.0.100.0/24"
                      prefixLength: 24
                      gateway: 10.0.100.1
                  rolf:
                    role: host
                    variables:
                      interface: eth0
                      admin: m
                      subnet: "10.0.100.0/24"
                      prefixLength: 24
                      gateway: 10.0.100.1

                """
            #expect(written == expected)
        }
        let sources = [hosts, k3s, Self.network].map { SourceFile(path: "f", bytes: Array($0.utf8)) }
        let warnings = try readPlans(hosts: sources[0], k3s: sources[1], network: sources[2]).warnings
        let hint = "write nodeAddress: {} below cluster: in the task file if its tasks need the address"
        #expect(
            warnings.map(\.description) == [
                "f:3:10: host 'ulf' has a dynamic address, so the node has none; \(hint)",
                "f:4:11: host 'rolf' has a dynamic address, so the node has none; \(hint)",
            ]
        )
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

    @Test func `a drop-in is not larger than a task file may be`() {
        let columns = (1...90).map { "c\($0)" }
        var hosts = "name,interface,ip,admin,\(columns.joined(separator: ","))\n"
        for number in 1...1000 {
            let address = "10.0.\(number / 250).\(number % 250 + 1)"
            hosts += "n\(number),eth0,\(address),m,\(columns.map { _ in "x" }.joined(separator: ","))\n"
        }
        let k3s = "host,name,type,ip\nn1,s,init-server,10.0.200.1\n"
        #expect(
            imported(hosts, k3s, "subnet: 10.0.0.0/16\n")
                == "plans: the nodes would need a drop-in of more than 1 MiB, the limit of a task file; import fewer columns or nodes"
        )
    }
}
