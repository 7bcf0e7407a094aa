import Base
import Planning
import Testing

/// The `cluster.nix` of NICO as JSON.
@Suite(.timeLimit(.minutes(15))) struct ImportNicoTests {
    private static let twelveMistakes = """
        {
          "nam": "production-cluster",
          "vip": "192.168.1.101",
          "controlPlane": [
            { "name": "cp-01", "ip": "192.168.1.101" },
            { "name": "CP_02", "ip": "192.168.1.300" },
            { "name": "cp-01", "ip": "192.168.1.103", "adress": "x" },
            { "ip": 17, "name": "" },
            "cp-05",
            {}
          ],
          "workers": [
            { "name": "wörker", "ip": "192.168.1.103" }, { "name": "w2", "ip": "fd00::1" },
            { "name": "w3", "ip": null }, { "name": "w-4-", "ip": "127.0.0.1" }
          ]
        }
        """

    private static let expected = """
        c.json:1:1: 'name' of the cluster is missing
        c.json:2:3: unknown key 'nam' in the cluster; did you mean 'name'?
        c.json:5:30: address 192.168.1.101 of control plane 'cp-01' is used twice, the first time at c.json:3:10
        c.json:6:15: 'name' of control plane 'CP_02' must be a host name… found 'CP_02'; write name: cp-02
        c.json:6:30: 'ip' of control plane 'CP_02' must be an IP address
        c.json:7:15: name 'cp-01' is used twice, the first time at c.json:5:15
        c.json:7:47: unknown key 'adress' in control plane 'cp-01'; expected one of ip or name
        c.json:8:13: 'ip' of control plane 4 must be an IP address
        c.json:8:25: 'name' of control plane 4 must be a host name… found an empty string
        c.json:9:5: control plane 5 must be a mapping with name and ip, found 'cp-05'
        c.json:10:5: 'name' of control plane 6 is missing
        c.json:10:5: 'ip' of control plane 6 is missing
        c.json:13:15: 'name' of worker 'wörker' must be a host name
        c.json:13:31: address 192.168.1.103 of worker 'wörker' is used twice, the first time at c.json:7:30
        c.json:14:27: 'ip' of worker 'w3' must be an IP address such as 192.168.0.10, found nothing
        c.json:14:45: 'name' of worker 'w-4-' must be a host name
        c.json:14:59: 'ip' of worker 'w-4-' must be an IP address that other nodes can reach, found '127.0.0.1'
        """

    @Test func `all mistakes are reported at once, with their places`() {
        #expect(isReported(imported(Self.twelveMistakes), Self.expected))
    }

    @Test func `the first control plane begins the cluster, and priorities fall`() throws {
        let text = """
            {"name": "c ${x}", "vip": "fd00::100", "controlPlane": [{"name": "b", "ip": "fd00::1"},
            {"name": "a", "ip": "fd00::2"}]}
            """
        let expected = """
            # Made by 'call'. To change it, change the inventory and import it again.
            cluster:
              name: "c $${x}"
              vip: "fd00::100"
            nodes:
              b: {roles: [control-plane, init], address: "fd00::1", variables: {state: MASTER, priority: 150}}
              a: {roles: [control-plane, join], address: "fd00::2", variables: {state: BACKUP, priority: 149}}

            """
        let written = imported(text)
        #expect(written == expected)
        let read = try declarations(
            [("b.yaml", "tasks: {t: {exec: {command: ls}}}\n"), ("d.yaml", written)],
            role: nil,
            host: "a"
        )
        #expect(read.cluster.name == "c ${x}")
        #expect(read.plan.roles == ["control-plane", "join"])
    }

    @Test(
        arguments: [
            ("0123456789abcdef", "\"01234567\""), ("12345678", "12345678"), ("1234e5678", "\"1234e567\""),
            ("abcdef0123456789", "abcdef01"),
        ]
    )
    func `control planes have the first digits of a digest as their password`(digest: String, password: String) throws {
        let text = """
            {"name": "c ${x}", "vip": "10.0.0.9", "controlPlane": [{"name": "a", "ip": "10.0.0.1"}],
            "workers": [{"name": "w", "ip": "10.0.0.2"}]}
            """
        var cluster = try readNico(SourceFile(path: "c.json", bytes: Array(text.utf8)))
        cluster.setPassword { bytes in bytes == Array("c ${x}".utf8) ? digest : "" }
        let lines = cluster.dropIn(madeBy: ["call"]).split(separator: "\n")
        #expect(lines.filter { $0.contains("vrrpPassword") }.count == 1)
        #expect(lines.contains { $0.filter { $0 != "}" }.hasSuffix("vrrpPassword: \(password)") }, "\(lines)")
    }

    @Test(arguments: [
        ("[]", "c.json:1:1: the cluster must be a mapping with name, vip, controlPlane and workers, found a list"),
        (
            "{\"name\": \"c\", \"vip\": \"10.0.0.1\", \"controlPlane\": []}",
            "c.json:1:50: 'controlPlane' of the cluster has no node; write"
        ),
        (
            "{\"name\": \"c\", \"vip\": \"10.0.0.1\", \"controlPlane\": 3}",
            "c.json:1:50: 'controlPlane' of the cluster must be"
        ),
    ])
    func `a cluster needs a control plane`(text: String, message: String) {
        #expect(imported(text).hasPrefix(message), "\(imported(text))")
    }

    @Test func `a module of the operator has a cluster without virtual address, and host names for unknown addresses`()
        throws
    {
        let text = """
            {"cluster": {"name": "c", "clusterToken": "MARKER", "controlPlane": [{"name": "a", "ip": "a.example.test"}],
            "workers": [{"name": "w", "ip": "10.0.0.2"}]}}
            """
        let cluster = try readNico(SourceFile(path: "c.json", bytes: Array(text.utf8)))
        let expected = """
            # Made by 'call'. To change it, change the inventory and import it again.
            cluster:
              name: c
            nodes:
              a: {roles: [control-plane, init]}
              w: {role: worker, address: 10.0.0.2}

            """
        #expect(cluster.dropIn(madeBy: ["call"]) == expected)
        let warnings = cluster.warnings.map(\.description).joined(separator: "\n")
        let starts = "c.json:1:27: 'clusterToken' is a secret\nc.json:1:90: 'ip' of control plane 'a' is the host name"
        #expect(isReported(warnings, starts), "\(warnings)")
        let unknown = imported(text.replacing("a.example.test", with: "unknown"))
        #expect(unknown.contains("must be an IP address such as 192.168.0.10, found 'unknown'"), "\(unknown)")
    }

    @Test func `a file in the language of Nix is printed as JSON first`() {
        let message = """
            c d.nix: a Nix file is imported as JSON; type nix-instantiate --eval --strict --json 'c d.nix' > cluster.json, \
            and import that file
            """
        #expect(imported("{ }", path: "c d.nix") == message)
    }

    /// The drop-in that is made of a cluster in JSON, or what is wrong with it.
    private func imported(_ text: String, path: String = "c.json") -> String {
        do {
            return try readNico(SourceFile(path: path, bytes: Array(text.utf8))).dropIn(madeBy: ["call"])
        } catch {
            return "\(error)"
        }
    }
}
