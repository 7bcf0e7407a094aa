import Base
import Planning
import Testing

/// Tables of comma-separated values in the plans of a k3s cluster.
@Suite(.timeLimit(.minutes(5))) struct ImportTableTests {
    private static let k3s = "host,name,type,ip\nolaf,olaf-s,init-server,10.0.100.10\nulf,ulf-a,agent,10.0.100.11\n"
    private static let network = "subnet: 10.0.100.0/24\n"

    private static let tableFaults: [(String, String)] = [
        ("", "hosts.csv: the table is empty; write name,interface,ip,admin in the first line"),
        (" \r\n\n", "hosts.csv: the table is empty; write name,interface,ip,admin in the first line"),
        (
            "name,interfce,ip\n",
            """
            hosts.csv:1:1: column 'interface' is missing; write it instead of 'interfce'
            hosts.csv:1:1: column 'admin' is missing; add it to the first line
            """
        ),
        (
            "name,interface,ip,admin,ip\n",
            """
            hosts.csv:1:1: no host is listed; write a line below the names of the columns
            hosts.csv:1:25: column 'ip' appears twice, first at hosts.csv:1:16; remove one
            """
        ),
        (
            "name,interface,ip,admin,Rack,rack\nh,eth0,10.0.100.2,m,x,y\n",
            """
            hosts.csv:1:30: column 'rack' appears twice, first at hosts.csv:1:25; remove one
            """
        ),
        (
            "name,interface,ip,admin,K3s.x\nh,eth0,10.0.100.2,m,x\n",
            """
            hosts.csv:1:25: column 'K3s.x' cannot be a column of this table (names such as 'k3s.server.ip' are those \
            of k3s.csv); write another name
            """
        ),
        (
            "name,interface,ip,admin,node.x\nh,eth0,10.0.100.2,m,x\n",
            """
            hosts.csv:1:25: column 'node.x' cannot be the name of a variable; write a letter, then letters, digits, \
            '_', '-' or '.', not 'node.' or 'cluster.'
            """
        ),
        (
            "name,interface,ip,admin,k3s.x\nh,eth0,10.0.100.2,m,x\n",
            """
            hosts.csv:1:25: column 'k3s.x' cannot be a column of this table (names such as 'k3s.server.ip' are those \
            of k3s.csv); write another name
            """
        ),
        (
            "name,interface,ip,admin\n\"a\" b,eth0,10.0.100.2,x\n",
            """
            hosts.csv:2:5: text after a value in quotes; write ',' before it, or each quote in a value twice
            """
        ),
        (
            "name,interface,ip,admin\n\"a,eth0,10.0.100.2,x\n\n",
            """
            hosts.csv:2:1: the quote is never closed; write '"' at the end of the value
            """
        ),
        (
            "name,interface,ip,admin\r\nä\0",
            """
            hosts.csv:2:2: byte 0x0 is not part of a text in UTF-8; if the text is Latin-1, convert it with 'iconv \
            -f LATIN1 -t UTF-8'
            """
        ),
    ]

    @Test(arguments: tableFaults)
    func `what is no table is reported`(hosts: String, message: String) {
        #expect(imported(Array(hosts.utf8), nil, Self.network) == message)
    }

    @Test func `a byte that is not UTF-8 has a place`() {
        let bytes = Array("name,\nö".utf8) + [0xFF, 0x0A]
        #expect(
            imported(bytes, Self.k3s, Self.network)
                == "hosts.csv:2:2: byte 0xFF is not part of a text in UTF-8; "
                + "if the text is Latin-1, convert it with 'iconv -f LATIN1 -t UTF-8'"
        )
        #expect(imported([0xFF, 0xFE, 0x61, 0], Self.k3s, Self.network).hasPrefix("hosts.csv: file is UTF-16 text"))
    }

    @Test func `a line break in quotes is no end of the line, and no value`() {
        let hosts = "name,interface,ip,admin,note\nolaf,eth0,10.0.100.2,m,\"a\nb\"\nulf,eth0/,10.0.100.3,m,\n"
        let found = imported(hosts, Self.k3s, Self.network)
        #expect(
            found == "hosts.csv:2:24: 'note' must be a string on one line, found 'a\\nb'\n"
                + "hosts.csv:4:5: 'interface' must be the name of a network interface, 15 characters at most, none of them "
                + "a space or '/', found 'eth0/'"
        )
    }

    @Test func `a table without end or with too many columns is given up`() {
        let wide = "name,interface,ip,admin" + String(repeating: ",x", count: 200) + "\n"
        #expect(imported(wide, Self.k3s, Self.network).contains("hosts.csv:1:217: the line has more than 100 values"))
        let long = "name,interface,ip,admin\n" + String(repeating: "x\n", count: 100_000)
        let found = imported(long, Self.k3s, Self.network).split(separator: "\n")
        #expect(found.count < 1_100)
        #expect(found.contains { $0.contains("too many problems: the limit is 1000") })
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
        return try cluster.dropIn(madeBy: ["call"], from: "plans")
    } catch {
        return "\(error)"
    }
}
