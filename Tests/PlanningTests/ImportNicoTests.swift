import Base
import Planning
import Testing
import YAML

/// The `cluster.nix` of NICO as a value, and what Nix prints about it.
@Suite(.timeLimit(.minutes(5))) struct ImportNicoTests {
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
        c.json:5:30: address 192.168.1.101 of control plane 'cp-01' is that of 'vip' at c.json:3:10 as well
        c.json:6:15: 'name' of control plane 'CP_02' must be a host name… found 'CP_02'; write cp-02
        c.json:6:30: 'ip' of control plane 'CP_02' must be an IP address
        c.json:7:15: name 'cp-01' is used twice, the first time at c.json:5:15
        c.json:7:47: unknown key 'adress' in control plane 'cp-01'; expected one of ip or name
        c.json:8:13: 'ip' of control plane 4 must be an IP address
        c.json:8:25: 'name' of control plane 4 must be a host name… found an empty string
        c.json:9:5: control plane 5 must be an attribute set with name and ip, found 'cp-05'
        c.json:10:5: 'name' of control plane 6 is missing
        c.json:10:5: 'ip' of control plane 6 is missing
        c.json:13:15: 'name' of worker 'wörker' must be a host name
        c.json:13:31: address 192.168.1.103 of worker 'wörker' is that of control plane 'cp-01' at c.json:7:30 as well
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
        let document = try #require(try readDocuments(Array(text.utf8), file: "c.json").first?.root)
        var cluster = try readNico(document)
        cluster.setPassword { bytes in bytes == Array("c ${x}".utf8) ? digest : "" }
        let lines = try cluster.dropIn(madeBy: ["call"], from: "c.json").split(separator: "\n")
        #expect(lines.filter { $0.contains("vrrpPassword") }.count == 1)
        #expect(lines.contains { $0.filter { $0 != "}" }.hasSuffix("vrrpPassword: \(password)") }, "\(lines)")
    }

    @Test(arguments: [
        ("[]", "c.json:1:1: the cluster must be an attribute set, found a list; write"),
        (
            "{\"name\": \"c\", \"vip\": \"10.0.0.1\", \"controlPlane\": []}",
            "c.json:1:50: 'controlPlane' has no node; write"
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
        let document = try #require(try readDocuments(Array(text.utf8), file: "c.json").first?.root)
        let cluster = try readNico(document)
        let expected = """
            # Made by 'call'. To change it, change the inventory and import it again.
            cluster:
              name: c
            nodes:
              a: {roles: [control-plane, init]}
              w: {role: worker, address: 10.0.0.2}

            """
        #expect(try cluster.dropIn(madeBy: ["call"], from: "c.json") == expected)
        let warnings = cluster.warnings.map(\.description).joined(separator: "\n")
        let starts = "c.json:1:27: 'clusterToken' is a secret\nc.json:1:90: 'ip' of control plane 'a' is the host name"
        #expect(isReported(warnings, starts), "\(warnings)")
        let unknown = imported(text.replacing("a.example.test", with: "unknown"))
        #expect(unknown.contains("must be an IP address such as 192.168.0.10, found 'unknown'"), "\(unknown)")
    }

    @Test func `there are no more control planes than priorities`() {
        let nodes = (1...150).map { "{\"name\": \"n\($0)\", \"ip\": \"10.0.0.\($0)\"}" }.joined(separator: ",")
        let text = imported("{\"name\": \"c\", \"vip\": \"10.0.1.1\", \"controlPlane\": [\(nodes)]}")
        #expect(text == "c.json:1:50: 'controlPlane' has 150 nodes, more than 149")
    }

    @Test(arguments: [
        ("{\"name\": 1}", true), (" \n{\t\"na me\" : 1}", true), ("{ name = 1; }", false), ("{ \"name\" = 1; }", false),
        ("{", false), ("", false), ("{\"", false), ("# {\"a\": 1}", false),
    ])
    func `JSON is distinguished from Nix by its first key`(text: String, isJSON: Bool) {
        #expect(SourceFile(path: "c", bytes: Array(text.utf8)).looksLikeJSON == isJSON)
    }

    @Test func `Nix counts bytes, a place is in characters`() throws {
        let text = "{ /* ä */ vip = 1; }"
        let description = """
            {"type": "set", "items": [{"key": "vip", "place": {"file": "/c.nix", "line": 1, "column": 12}, \
            "value": {"type": "int", "value": 1}}]}
            """
        let file = SourceFile(path: "c.nix", bytes: Array(text.utf8))
        let (node, refused) = try NixValue.node(from: Array(description.utf8), of: file, path: "/c.nix")
        #expect(refused.isEmpty)
        #expect(node["vip"]?.location.description == "c.nix:1:11")
        // A file that changes meanwhile, or attributes of another file, have no place.
        let other = description.replacing("\"line\": 1", with: "\"line\": 9")
        let (unplaced, _) = try NixValue.node(from: Array(other.utf8), of: file, path: "/c.nix")
        #expect(unplaced["vip"]?.location.description == "c.nix")
    }

    private static let reports: [(String, String)] = [
        ("", "c.nix: Nix cannot evaluate the file"),
        (
            "error: stack overflow (possible infinite recursion)\n",
            "c.nix: Nix cannot evaluate the file (stack overflow"
        ),
        ("@nix {\"level\": 0, \"raw_msg\": \"cut", "c.nix: Nix cannot evaluate the file"),
        (
            "@nix {\"level\":1,\"raw_msg\":\"a warning\"}\n@nix {\"level\":0,\"file\":\"/c.nix\",\"line\":2,\"column\":1,\"raw_msg\":\"no\\n\\u001b[35;1mway\\u001b[0m\"}",
            "c.nix:2:1: Nix cannot evaluate this: no way",
        ),
        (
            "@nix {\"level\":0,\"file\":null,\"raw_msg\":\"no\",\"trace\":[{\"file\":\"/x\",\"line\":1,\"column\":1},{\"file\":\"/c.nix\",\"line\":1,\"column\":2}]}",
            "c.nix:1:2: Nix cannot evaluate this: no",
        ),
    ]

    @Test(arguments: reports)
    func `what Nix reports becomes a problem`(errors: String, message: String) {
        let file = SourceFile(path: "c.nix", bytes: Array("{ a = 1;\n}".utf8))
        let problem = "\(NixValue.problem(from: errors, of: file, path: "/c.nix"))"
        #expect(isReported(problem, message) && !problem.contains("\u{1b}"), "\(problem)")
    }

    /// The drop-in that is made of a cluster in JSON, or what is wrong with it.
    private func imported(_ text: String) -> String {
        do {
            let document = try #require(try readDocuments(Array(text.utf8), file: "c.json").first?.root)
            return try readNico(document).dropIn(madeBy: ["call"], from: "c.json")
        } catch {
            return "\(error)"
        }
    }
}
