import Base
import Testing

@testable import Planning

/// `${node.address}` in task files.
@Suite(.timeLimit(.minutes(15))) struct NodeAddressTests {
    private static let file = """
        cluster:
          certificateAuthority: /ca.crt
          nodeAddress: {skip: [wlan*]}
          servers: {control-plane: "https://${node.address}:6443", worker: "https://cp:6443"}
        variables: {flag: "--node-ip=${node.address}"}
        tasks:
          environment: {file: {path: /etc/kubelet.env, content: "NODE_IP=${node.address}\\n"}}
          admin:
            roles: [control-plane]
            kubeconfig: {path: /a, user: a, certificate: /a.crt, key: /a.key}
          objects: {roles: [control-plane], after: [admin], apply: {manifests: [/m.yaml], substitute: true}}
          plain: {roles: [control-plane], after: [admin], apply: {manifests: [/n.yaml]}}
          program: {exec: {command: echo, args: ["${flag}"]}}
          other: {exec: {command: echo}}
        """

    private func uses(_ declarations: Declarations) -> [String: AddressUse] {
        Dictionary(declarations.plan.steps.map { ($0.task.name, $0.task.addressUse) }) { first, _ in first }
    }

    @Test func `the tasks that depend on it are known`() throws {
        let controlPlane = try declarations(Self.file)
        #expect(
            uses(controlPlane) == [
                "environment": .declaration, "admin": .declaration, "objects": .manifests, "plain": .none,
                "program": .declaration, "other": .none,
            ]
        )
        #expect(controlPlane.cluster.addressRule?.skip == ["wlan*"])
        // All tasks, also those of other roles.
        #expect(controlPlane.tasks.count { $0.addressUse != .none } == 4)
        #expect(uses(try declarations(Self.file, role: "worker"))["environment"] == .declaration)
    }

    @Test func `a known address is the variable's value`() throws {
        let address = try #require(IPAddress("10.0.0.5"))
        let facts = NodeFacts(hostName: "node", role: "control-plane", address: .known(address))
        let source = SourceFile(path: "bootstrap.yaml", bytes: Array(Self.file.utf8))
        let read = try declarations([source], facts)
        #expect(read.variables["node.address"] == "10.0.0.5")
        #expect(read.variables["cluster.server"] == "https://10.0.0.5:6443")
        let file = try #require(read.tasks.first?.verb.declaration as? FileDeclaration)
        #expect(file.source == .content("NODE_IP=10.0.0.5\n"))
    }

    @Test func `the rule of a node replaces that of the cluster`() throws {
        let text = """
            cluster: {nodeAddress: {interfaces: [eth0]}}
            nodes:
              node: {role: worker, address: {interfaces: [wlan0]}}
              other: {role: worker}
            tasks: {}
            """
        #expect(try declarations(text, role: nil).cluster.addressRule?.interfaces == ["wlan0"])
        #expect(try declarations(text, role: nil, host: "other").cluster.addressRule?.interfaces == ["eth0"])
    }

    @Test(
        arguments: [
            ("tasks: {t: {exec: {command: echo, args: ['${node.address}']}}}", "1:42: …no rule chooses the address"),
            (
                "cluster: {nodeAddress: {}}\ntasks: {t: {file: {path: '/a/${node.address}', content: a}}}",
                "2:26: task 't' uses 'node.address' in a path, which has to be known before the address is",
            ),
            (
                "cluster: {nodeAddress: {}}\ntasks: {t: {description: 'on ${node.address}', exec: {command: ls}}}",
                "2:9: task 't' uses 'node.address' in what its unit is made of",
            ),
            ("cluster: {nodeAddress: {range: '${node.address}'}}\ntasks: {}", "1:32: …only to the tasks of the node"),
            (
                "cluster: {nodeAddress: {family: ipv6, range: 10.0.0.0/8}}\ntasks: {}",
                "1:11: 'cluster.nodeAddress' has the range 10.0.0.0/8, which has no IPv6 address",
            ),
            ("cluster: {nodeAddress: eth0}\ntasks: {}", "1:24: 'cluster.nodeAddress' must be a mapping"),
            (
                "nodes: {a: {role: worker, address: {interface: [eth0]}}}\ntasks: {}",
                "1:37: unknown key 'interface' in 'nodes.a.address'",
            ),
        ]
    )
    func `a mistake is reported once`(text: String, message: String) {
        #expect(isReported(problems(text), message))
    }

    @Test func `units of tasks that depend on it see the interfaces, and have no address in them`() throws {
        let plan = try declarations(Self.file).plan
        let units = plan.units(ProgramInvocation(program: "/usr/bin/nest-bootstrap", taskFiles: ["/bootstrap.yaml"]))
        func settings(_ task: String) -> String {
            let path = unitName(ofTask: task)
            guard case .text(let text)? = units.first(where: { $0.path == path })?.content else { return "" }
            return text
        }
        #expect(settings("environment").contains("\nRestrictAddressFamilies=AF_UNIX AF_NETLINK\n"))
        #expect(settings("objects").contains("\nRestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK\n"))
        for unit in units {
            guard case .text(let text) = unit.content else { continue }
            #expect(!text.contains("192.0.2."), "\(unit.path)")
            #expect(!text.contains("IPAddressAllow"), "\(unit.path)")
        }
    }

    @Test func `certificates cannot have it, because they are made elsewhere`() {
        let text = """
            cluster: {nodeAddress: {}}
            nodes: {node: {role: worker}}
            certificates:
              directory: d
              hostKeys: k
              recipients: [age1wcqtt8zxgwqzgy9uew0cn7jy9yap2mua24ha9qp00982fmvssv7s0w2tmw]
              authority: {name: k8s, commonName: c}
              leaves:
                a: {commonName: a, names: ["${node.address}"], usages: [server auth]}
            """
        #expect(problems(text, role: nil).contains("'node.address' has no value here: it is known only to the tasks"))
    }

    @Test(arguments: ["interface: tailscale0", "address: 100.64.0.0/10"])
    func `the unit of a wait for the network sees the interfaces, and uses no other network`(condition: String) throws {
        let plan = try plan("tasks: {t: {wait: {\(condition)}}}")
        let units = plan.units(ProgramInvocation(program: "/usr/bin/nest-bootstrap", taskFiles: ["/bootstrap.yaml"]))
        guard case .text(let text)? = units.first(where: { $0.path == "k8s-bootstrap-t.service" })?.content else {
            Issue.record("no unit")
            return
        }
        #expect(text.contains("\nRestrictAddressFamilies=AF_UNIX AF_NETLINK\n"))
    }
}
