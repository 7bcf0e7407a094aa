import Planning
import Testing

/// Variables with a text for every node of a list.
@Suite(.timeLimit(.minutes(15))) struct NodeTextTests {
    /// The keepalived configuration, the k3s configuration and the arguments of etcd of the nodes in the documents.
    private static let file = #"""
        cluster: {name: prod, vip: 192.168.1.100}
        nodes:
          cp-01: {roles: [control-plane, init], address: 192.168.1.101, variables: {state: MASTER, priority: 150}}
          cp-02: {roles: [control-plane, join], address: 192.168.1.102, variables: {priority: 149}}
          cp-03: {roles: [control-plane, join], address: 192.168.1.103, variables: {priority: 148, peerPort: 2390}}
          worker-01: {role: worker, address: 192.168.1.201}
        variables:
          state: BACKUP
          peerPort: 2380
          peerURL: https://${node.address}:${peerPort}
          initialCluster: {each: cluster.controlPlanes, text: "${node.name}=${peerURL}"}
          peers: {each: node.peers, text: "${node.address}", separator: "\n    "}
          names: {each: cluster.controlPlanes, text: "  - ${node.address}", separator: "\n"}
        tasks:
          keepalived:
            roles: [control-plane]
            file:
              path: /etc/keepalived/keepalived.conf
              content: |
                vrrp_instance k8s_vip {
                  state ${state}
                  interface eth0
                  virtual_router_id 51
                  priority ${priority}
                  unicast_src_ip ${node.address}
                  unicast_peer {
                    ${peers}
                  }
                  virtual_ipaddress {
                    ${cluster.vip}
                  }
                }
          k3s:
            roles: [control-plane]
            file:
              path: /etc/rancher/k3s/config.yaml
              mode: 0600
              content: |
                node-ip: ${node.address}
                tls-san:
                  - ${cluster.vip}
                ${names}
          k3s-init: {roles: [init], file: {path: /etc/rancher/k3s/config.yaml.d/init.yaml, content: "cluster-init: true\n"}}
          k3s-join:
            roles: [join]
            file: {path: /etc/rancher/k3s/config.yaml.d/join.yaml, content: "server: https://${cluster.vip}:6443\n"}
          etcd:
            roles: [control-plane]
            exec: {command: etcd, args: ["--name=${node.name}", "--initial-cluster=${initialCluster}"]}
        """#

    private func content(_ task: String, on host: String) throws -> String {
        let task = try declarations(Self.file, role: nil, host: host).plan.steps.map(\.task).first { $0.name == task }
        let file = try #require(task?.verb.declaration as? FileDeclaration)
        guard case .content(let text) = file.source else { return "" }
        return text
    }

    @Test func `a configuration has the addresses of the other nodes, and the variables of its own`() throws {
        let keepalived = try content("keepalived", on: "cp-02")
        #expect(keepalived.contains("  state BACKUP\n") && keepalived.contains("  priority 149\n"), "\(keepalived)")
        #expect(keepalived.contains("  unicast_peer {\n    192.168.1.101\n    192.168.1.103\n  }\n"), "\(keepalived)")
        #expect(try content("keepalived", on: "cp-01").contains("state MASTER"))
        let names = (1...3).map { "  - 192.168.1.10\($0)\n" }.joined()
        let k3s = "node-ip: 192.168.1.103\ntls-san:\n  - 192.168.1.100\n\(names)"
        #expect(try content("k3s", on: "cp-03") == k3s)
        #expect(try content("k3s-init", on: "cp-01") == "cluster-init: true\n")
        #expect(try content("k3s-join", on: "cp-03") == "server: https://192.168.1.100:6443\n")
        let first = try declarations(Self.file, role: nil, host: "cp-01").plan.steps.map(\.task.name)
        #expect(first == ["keepalived", "k3s", "k3s-init", "etcd"])
    }

    @Test func `the initial cluster of etcd is the same on all control planes, with the variables of each`() throws {
        for host in ["cp-01", "cp-03", "worker-01"] {
            let read = try declarations(Self.file, role: nil, host: host)
            #expect(
                read.variables["initialCluster"]
                    == "cp-01=https://192.168.1.101:2380,cp-02=https://192.168.1.102:2380,cp-03=https://192.168.1.103:2390"
            )
        }
    }

    @Test(arguments: [
        ("cluster.nodes", "a b c"), ("cluster.controlPlanes", "a b"), ("cluster.workers", "c"),
        ("cluster.nodes.control-plane", "a b"), ("cluster.nodes.init", "a"), ("node.peers", "a"),
    ])
    func `a list has the nodes of a role`(list: String, names: String) throws {
        let text = """
            nodes: {a: {roles: [control-plane, init]}, b: {role: control-plane}, c: {role: worker}}
            variables: {v: {each: \(list), text: "${node.name}", separator: " "}}
            tasks: {}
            """
        #expect(try declarations(text, role: nil, host: "b").variables["v"] == names)
    }

    @Test func `a list without nodes is an empty text`() throws {
        let text = """
            nodes: {a: {role: control-plane}}
            variables: {v: {each: node.peers, text: "${node.address}"}}
            tasks: {t: {file: {path: /a, content: "peers: [${v}]"}}}
            """
        #expect(try declarations(text, role: nil, host: "a").variables["v"] == "")
    }

    @Test(
        arguments: [
            ("{each: cluster.controlPlane, text: x}", "3:21: no list of nodes is named 'cluster.controlPlane'"),
            ("{each: '${cluster.nodes}', text: x}", "3:21: 'each' of variable 'v' must be the name of a list of nodes"),
            ("{each: cluster.nodes}", "3:14: 'text' of variable 'v' is missing"),
            ("{text: x}", "3:14: 'each' of variable 'v' is missing"),
            ("{each: cluster.nodes, text: x, seperator: ' '}", "3:45: unknown key 'seperator' in variable 'v'"),
            ("{each: cluster.nodes, text: '${node.adress}'}", "3:42: no variable is named 'node.adress'"),
            ("{each: cluster.nodes, text: '${node.address}'}", "3:42: …does not have the address of node 'b'"),
            ("{each: cluster.nodes, text: '${v}'}", "3:42: the text for each node of 'cluster.nodes' uses variable"),
            ("{each: cluster.nodes, text: '${own}'}", "3:42: variable 'own'… of other nodes, not of 'b'"),
        ]
    )
    func `a mistake is reported once, with its place`(value: String, message: String) {
        let text = """
            nodes: {a: {role: control-plane, address: 10.0.0.1, variables: {own: x}}, b: {role: worker}}
            variables:
              v:         \(value)
            tasks: {}
            """
        #expect(isReported(problems(text, role: nil, host: "a"), message))
    }

    @Test func `a list is not a string, and says what to write`() {
        let text = "nodes: {a: {role: worker}}\ntasks: {t: {exec: {command: ls, args: ['${cluster.workers}']}}}"
        let printed = problems(text, role: nil, host: "a")
        #expect(isReported(printed, "2:40: variable 'cluster.workers' has no value here: it is a list of nodes"))
    }
}
