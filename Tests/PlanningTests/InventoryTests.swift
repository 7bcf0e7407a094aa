import Base
import Planning
import Testing

/// Section `nodes`: several roles, addresses, and what is built in because of them.
@Suite(.timeLimit(.minutes(15))) struct InventoryTests {
    private static let file = """
        cluster:
          name: prod
          vip: 192.168.1.100
          servers: {control-plane: "https://127.0.0.1:6443", worker: "https://${cluster.vip}:6443"}
        nodes:
          cp1: {roles: [control-plane, init], address: 192.168.1.101}
          cp2: {roles: [control-plane, join], address: 192.168.1.102}
          w1: {role: worker, address: 192.168.1.201}
          w2: {role: worker}
        tasks:
          all: {exec: {command: echo, args: ["${node.name}", "${node.role}", "${node.index}"]}}
          server: {roles: [control-plane], exec: {command: echo, args: ["${node.address}", "${cluster.server}"]}}
          first: {roles: [init], after: [server], file: {path: "/etc/${node.address}", content: "${cluster.server}"}}
          later: {roles: [join], after: [server], exec: {command: echo, args: ["${node.index}"]}}
          agent: {roles: [worker], exec: {command: echo, args: ["${cluster.server.host}"]}}
        """

    private func tasks(of host: String, role: String? = nil) throws -> [String] {
        try declarations(Self.file, role: role, host: host).plan.steps.map(\.task.name)
    }

    private func arguments(_ task: String, on host: String) throws -> [String]? {
        let task = try declarations(Self.file, role: nil, host: host).tasks.first { $0.name == task }
        return (task?.verb.declaration as? ExecDeclaration)?.arguments
    }

    @Test func `a node runs the tasks of all its roles`() throws {
        #expect(try tasks(of: "cp1") == ["all", "server", "first"])
        #expect(try tasks(of: "cp2") == ["all", "server", "later"])
        #expect(try tasks(of: "w1") == ["all", "agent"])
        #expect(try tasks(of: "cp2", role: "init,control-plane") == ["all", "server", "first"])
        #expect(try declarations(Self.file, role: nil, host: "cp1").plan.roles == ["control-plane", "init"])
    }

    @Test func `a node has an index, an address and a role`() throws {
        #expect(try arguments("all", on: "cp1") == ["cp1", "control-plane", "0"])
        #expect(try arguments("all", on: "cp2") == ["cp2", "control-plane", "1"])
        #expect(try arguments("all", on: "w2") == ["w2", "worker", "1"])
        #expect(try arguments("server", on: "cp2") == ["192.168.1.102", "https://127.0.0.1:6443"])
        #expect(try arguments("agent", on: "w1") == ["192.168.1.100"])
    }

    @Test func `a task of another role is read as the first node of that role reads it, with all roles of that node`()
        throws
    {
        #expect(try arguments("later", on: "w1") == ["1"])
        let first = try declarations(Self.file, role: nil, host: "w1").tasks.first { $0.name == "first" }
        let file = try #require(first?.verb.declaration as? FileDeclaration)
        #expect(file.path.path == "/etc/192.168.1.101")
        #expect(file.source == .content("https://127.0.0.1:6443"))
    }

    @Test func `an address that the file says is known before the node boots`() throws {
        let read = try declarations(Self.file, role: nil, host: "cp1")
        #expect(read.cluster.addressRule == nil)
        #expect(read.plan.steps.allSatisfy { $0.task.addressUse == .none })
        let nodes = read.nodes
        #expect(nodes.nodes(of: "control-plane").map(\.name) == ["cp1", "cp2"])
        #expect(nodes.entry(of: "w1")?.address == IPAddress("192.168.1.201"))
    }

    @Test func `nodes with a fixed address and nodes with a rule may have the same file`() throws {
        let text = """
            cluster: {nodeAddress: {interfaces: [eth0]}}
            nodes: {a: {role: control-plane, address: 10.0.0.1}, b: {role: worker}}
            tasks:
              x: {roles: [control-plane], exec: {command: echo, args: ["${node.address}"]}}
              z: {roles: [worker], exec: {command: echo, args: ["${node.address}"]}}
            """
        let fixed = try declarations(text, role: nil, host: "a")
        #expect(fixed.plan.steps.map(\.task.addressUse) == [.none])
        let chosen = try declarations(text, role: nil, host: "b")
        #expect(chosen.plan.steps.map(\.task.addressUse) == [.declaration])
    }

    @Test func `a path may be written by tasks of two roles unless a node has both`() {
        func text(_ nodes: String) -> String {
            """
            nodes: {\(nodes)}
            tasks:
              x: {roles: [first], file: {path: /a, content: x}}
              z: {roles: [other], file: {path: /a, content: z}}
            """
        }
        let apart = problems(text("a: {roles: [control-plane, first]}, b: {roles: [control-plane, other]}"))
        #expect(apart == "")
        let both = problems(text("a: {roles: [control-plane, first]}, b: {roles: [other, first]}"), role: "worker")
        #expect(isReported(both, "4:36: task 'z' writes '/a', which task 'x' writes as well at bootstrap.yaml:3:36"))
    }

    @Test(arguments: ["224.0.0.1", "255.255.255.255", "169.254.1.1", "ff02::1", "fe80::1", "127.0.0.1"])
    func `an address that no other node can reach is refused`(address: String) {
        let found = problems("nodes: {a: {role: worker, address: '\(address)'}}\ntasks: {}")
        #expect(found.contains("must be an IP address that other nodes can reach, found '\(address)'"), "\(found)")
    }

    @Test func `a task with an unknown role is not compared with what other tasks write`() {
        let found = problems(
            """
            nodes: {a: {role: worker}}
            tasks:
              x: {roles: [worker], file: {path: /a/b, content: x}}
              second: {roles: [wroker], file: {path: /a/b, content: two}}
              z: {roles: [gone], remove: {paths: [/a]}}
            """,
            role: "worker"
        )
        #expect(found.split(separator: "\n").count == 2 && !found.contains("writes"), "\(found)")
    }

    @Test(arguments: [
        "/var/lib/nest-bootstrap/a", "/run/nest-bootstrap/a/b", "/var/lib//nest-bootstrap",
        "/var/lib/nest-bootstrap-products/t",
    ])
    func `a task may not write where records, caches and lists are`(path: String) {
        let found = problems("tasks: {t: {file: {path: \(path), content: x}}}")
        #expect(found.contains("task 't' writes '\(path)', but '/"), "\(found)")
        #expect(problems("tasks: {t: {file: {path: /var/lib/nest-bootstrapped, content: x}}}") == "")
    }

    @Test func `a cycle among the tasks of two roles is one if a node has both`() {
        let tasks = """
            tasks:
              x: {roles: [first], after: [z], exec: {command: ls}}
              z: {roles: [other], after: [x], exec: {command: ls}}
            """
        #expect(problems("nodes: {a: {role: first}, b: {role: other}}\n\(tasks)", role: "worker") == "")
        let both = problems("nodes: {a: {roles: [first, other]}}\n\(tasks)", role: "worker")
        #expect(both.contains("tasks run after each other: x -> z -> x"), "\(both)")
    }

    @Test(
        arguments: [
            ("nodes: {a: {address: 10.0.0.1}}", "1:9: 'nodes.a' must have one of 'role' or 'roles'"),
            ("nodes: {a: {role: worker, roles: [worker]}}", "1:27: 'nodes.a' must have one of 'role' or 'roles'"),
            ("nodes: {a: {roles: []}}", "1:20: 'nodes.a.roles' must be a list of at least one role, found a list"),
            ("nodes: {a: {roles: [worker, contol-plane]}}", "1:29: role 'contol-plane' of node 'a' is used by no task"),
            ("nodes: {a: {role: worker, address: 10.0.0.0/24}}", "1:36: 'nodes.a.address' must be an IP address"),
            (
                "nodes: {a: {role: worker, address: 10.0.0.1}, b: {role: worker, address: 10.0.0.1}}",
                "1:74: address 10.0.0.1 of node 'b' is that of node 'a' at bootstrap.yaml:1:36 as well",
            ),
            ("nodes: {a: {role: 'w${node.index}'}}", "1:19: variable 'node.index' has no value here: it is known only"),
        ]
    )
    func `a mistake in a node is reported once`(nodes: String, message: String) {
        let printed = problems("\(nodes)\ntasks: {}", role: nil, host: "z")
        #expect(isReported(printed, message), "\(printed)")
    }

    @Test(
        arguments: [
            ("${cluster.vip}", "variable 'cluster.vip' has no value here: the cluster has no virtual IP address"),
            ("${node.index}", "variable 'node.index' has no value here: 'nodes' does not list node 'z' by name"),
        ]
    )
    func `a variable without a value is reported where it is used`(argument: String, message: String) {
        let text = "tasks: {t: {exec: {command: echo, args: ['\(argument)']}}}"
        #expect(isReported(problems(text, host: "z"), "1:42: \(message)"))
    }

    @Test func `a certificate may have the address, and nodes with one of its roles have it`() throws {
        let text = """
            nodes:
              cp1: {roles: [control-plane, init], address: 10.0.0.1}
              cp2: {role: control-plane, address: 10.0.0.2}
              w1: {role: worker, address: 10.0.0.3}
            certificates:
              directory: certs
              hostKeys: keys
              recipients: [age1wcqtt8zxgwqzgy9uew0cn7jy9yap2mua24ha9qp00982fmvssv7s0w2tmw]
              authority: {name: k8s, commonName: CA}
              leaves:
                api: {roles: [control-plane], commonName: api, names: ["${node.address}"], usages: [server auth]}
                init: {roles: [init], commonName: "init-${node.index}", usages: [client auth]}
            """
        let source = SourceFile(path: "bootstrap.yaml", bytes: Array(text.utf8))
        let leaves = try #require(try readCertificates([source], hostName: "operator")).leaves
        #expect(leaves.map { "\($0.node) \($0.name)" } == ["cp1 api", "cp1 init", "cp2 api"])
        #expect(leaves.map(\.commonName) == ["api", "init-0", "api"])
    }

    private static let patternFile = """
        nodes:
          worker-*: {role: worker, variables: {disk: sda}}
          worker-gpu-*: {roles: [worker, gpu], variables: {disk: nvme0n1}}
          worker-7: {role: control-plane, variables: {disk: vda}}
          "*": {role: other, variables: {disk: none}}
        tasks: {t: {exec: {command: echo, args: ["${disk}"]}}}
        """

    @Test(arguments: [
        ("worker-1", ["worker"], "sda"), ("worker-", ["worker"], "sda"),
        ("worker-gpu-1", ["worker", "gpu"], "nvme0n1"),
        ("worker-7", ["control-plane"], "vda"), ("worker-77", ["worker"], "sda"), ("laptop", ["other"], "none"),
    ])
    func `a host has the entry of its name, or of the most specific pattern`(
        host: String,
        roles: [String],
        disk: String
    ) throws {
        let read = try declarations(Self.patternFile, role: nil, host: host)
        #expect(read.roles == roles)
        #expect(read.variables["disk"] == disk)
    }

    @Test func `a pattern is in no list and has no index`() throws {
        let text = """
            nodes: {w1: {role: worker}, "w*": {role: worker}}
            variables: {all: {each: cluster.nodes, text: "${node.name}"}}
            tasks: {t: {exec: {command: echo, args: ["${all}"]}}}
            """
        #expect(try declarations(text, role: nil, host: "w2").variables["all"] == "w1")
        #expect(try declarations(text, role: nil, host: "w1").variables["node.index"] == "0")
        let printed = problems(
            text.replacing("args: [\"${all}\"]", with: "args: [\"${node.index}\"]"),
            role: nil,
            host: "w2"
        )
        #expect(isReported(printed, "3:42: variable 'node.index' has no value here"), "\(printed)")
    }

    @Test func `a rule of a pattern chooses the address`() throws {
        let text = "nodes: {w-*: {role: worker, address: {interfaces: [eth7]}}}\ntasks: {}"
        #expect(try declarations(text, role: nil, host: "w-1").cluster.addressRule?.interfaces == ["eth7"])
    }

    @Test(
        arguments: [
            ("a-*: {role: worker, address: 10.0.0.1}", "1:38: 'nodes.a-*.address' is one address"),
            ("a-*: {role: worker, variables: {node.x: 1}}", "1:41: names such as 'node.x' are built in"),
        ]
    )
    func `a mistake in a pattern is reported once`(nodes: String, message: String) {
        let printed = problems("nodes: {\(nodes)}\ntasks: {}", role: nil, host: "z")
        #expect(isReported(printed, message), "\(printed)")
    }
}
