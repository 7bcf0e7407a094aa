import Base
import Planning
import Testing

@Suite(.timeLimit(.minutes(15))) struct VariableTests {
    /// A file whose task `t` runs a command with one argument, with `variables` next to it.
    private func file(_ variables: String, argument: String) -> String {
        "variables: {\(variables)}\ntasks:\n  t:\n    exec:\n      command: ls\n      args:\n        - \(argument)"
    }

    private func argument(_ file: String) throws -> String? {
        let exec = try declarations(file, host: "n1").tasks.first?.verb.declaration as? ExecDeclaration
        return exec?.arguments.first
    }

    @Test(arguments: [
        ("${a}", "x"), ("pre-${a}-post", "pre-x-post"), ("$${a}", "${a}"), ("$$${a}", "$${a}"),
        ("$a $ {a}", "$a $ {a}"),
        ("${i}", "1_000"), ("\"${i}\"", "1_000"), ("v${f}", "v1.10"), ("${b}", "xx"), ("${node.name}", "n1"),
        ("${node.role}", "control-plane"),
    ])
    func `a variable is replaced by what was written`(_ written: String, _ expected: String) throws {
        #expect(try argument(file("a: x, i: 1_000, f: 1.10, b: '${a}${a}'", argument: written)) == expected)
    }

    @Test func `a boolean variable in quotes is a boolean where one is expected`() throws {
        let text = """
            variables: {sw: true, word: "true"}
            tasks:
              t: {enable: "${sw}", exec: {command: ls, network: '${sw}', args: ["${sw}"]}}
              r: {remove: {paths: [/etc/x], recursive: "${sw}"}}
            """
        let read = try declarations(text)
        let exec = read.tasks.first?.verb.declaration as? ExecDeclaration
        #expect(exec?.network == true && exec?.arguments == ["true"])
        #expect((read.tasks.last?.verb.declaration as? RemoveDeclaration)?.isRecursive == true)
        let refused = problems([("b.yaml", text.replacing("recursive: \"${sw}\"", with: "recursive: \"${word}\""))])
        #expect(
            refused == "b.yaml:4:44: 'remove.recursive' of task 'r' must be true or false, found 'true'"
        )
    }

    @Test(arguments: [
        ("https://10.0.0.1:6443", "10.0.0.1", "6443"), ("https://api", "api", "443"),
        ("http://localhost/", "localhost", "80"),
        ("https://[fd00::1]:8443", "fd00::1", "8443"),
    ])
    func `the server has a host and a port`(_ server: String, _ host: String, _ port: String) throws {
        let read = try declarations("cluster: {servers: '\(server)'}\ntasks: {t: {exec: {command: ls}}}")
        #expect(read.variables["cluster.server.host"] == host)
        #expect(read.variables["cluster.server.port"] == port)
        #expect(read.variables["cluster.server"] == (server.hasSuffix("/") ? String(server.dropLast()) : server))
    }

    @Test func `the cluster may be made of variables, and they of the cluster`() throws {
        let read = try declarations(
            """
            variables: {env: test, host: "api.${cluster.name}", url: "https://${host}:6443", where: "${cluster.server.host}"}
            cluster: {name: "nest-${env}", servers: {control-plane: "https://127.0.0.1:6443", worker: "${url}"}}
            tasks: {t: {exec: {command: ls}}}
            """,
            role: "worker",
        )
        #expect(read.cluster.name == "nest-test")
        #expect(read.variables["where"] == "api.nest-test")
        #expect(
            read.cluster.servers.mapValues(\.path) == [
                "control-plane": "https://127.0.0.1:6443", "worker": "https://api.nest-test:6443",
            ]
        )
    }

    @Test func `a task of another role is read as its own nodes read it`() throws {
        let text = """
            cluster: {servers: {control-plane: https://127.0.0.1:6443, worker: https://api:6443}}
            tasks:
              t: {roles: [worker], exec: {command: "${cluster.server.host}"}}
              u: {exec: {command: "${cluster.server.host}"}}
            """
        let commands = try declarations(text).tasks.map { task in
            task.footprint.command?.name.path
        }
        #expect(commands == ["api", "127.0.0.1"])
    }

    @Test(arguments: [
        ("${HOME}", "no variable is named 'HOME'"),
        ("${podCDIR}", "no variable is named 'podCDIR'; did you mean '${podCIDR}'?"),
        ("'${X:-y}'", "'${X:-y}' is not a variable; write '$${X:-y}' for a literal '${'"),
        ("'a ${open'", "'${open' is not a variable"),
        ("${cluster.server}", "variable 'cluster.server' has no value here: the cluster has no server"),
        ("${cluster.name}", "variable 'cluster.name' has no value here: the cluster has no name"),
    ])
    func `an unknown variable is reported with what to type`(_ written: String, _ printed: String) {
        #expect(isReported(problems(file("podCIDR: x", argument: written)), "7:11: \(printed)"))
    }

    @Test func `faults in definitions are reported once, and not again where they are used`() {
        let text = file("a: '${b}', b: '${c}', c: 'x${a}', d: , e: [1], 'g h': 1, cluster.x: 2", argument: "'${a}${d}'")
        let expected = """
            1:16: variable 'a' is made of itself: a -> b -> c -> a
            1:50: variable 'd' must be a string, a number or a boolean, found nothing
            1:55: variable 'e' must be a string, a number or a boolean, found a list
            1:60: 'g h' cannot be the name of a variable
            1:70: names such as 'cluster.x' are built in
            """
        #expect(isReported(problems(text), expected))
    }

    @Test func `variables cannot grow without limit`() {
        let doubling = (1...24).map { "v\($0): '${v\($0 - 1)}${v\($0 - 1)}'" }.joined(separator: ", ")
        let printed = problems(file("v0: 0123456789, \(doubling)", argument: "x"))
        #expect(printed == "bootstrap.yaml:1:257: a variable becomes longer than 64 KiB")
    }

    @Test func `variables cannot be nested without limit`() {
        let nested = (10...50).map { "v\($0): 'x${v\($0 + 1)}'" }.joined(separator: ", ")
        let printed = problems(file("\(nested), v51: x", argument: "x"))
        #expect(printed == "bootstrap.yaml:1:530: variables use each other more than 32 deep")
    }

    @Test func `a manifest's scalars are replaced, and keep their types`() throws {
        let manifest = """
            mtu: ${mtu}
            quoted: "${mtu}"
            text: mtu=${mtu}
            list: [1, '${name}']
            ${mtu}: key
            bad: ${mut}
            """
        let read = try declarations(file("mtu: 1230, name: calico", argument: "x"))
        let node = try #require(try readDocuments(Array(manifest.utf8), file: "m.yaml").first?.root)
        let (replaced, problems) = read.variables.replace(in: node)
        #expect(replaced["mtu"]?.integer == 1230)
        #expect(replaced["quoted"]?.string == "1230")
        #expect(replaced["text"]?.string == "mtu=1230")
        #expect(replaced["list"]?[1]?.string == "calico")
        #expect(replaced["${mtu}"]?.string == "key")
        #expect(problems.map(\.description) == ["m.yaml:6:6: no variable is named 'mut'; did you mean '${mtu}'?"])
    }

    private static let nodesFile = """
        nodes:
          one: {role: control-plane, variables: {address: 10.0.0.1, mtu: 1400}}
          two: {role: worker, variables: {address: 10.0.0.2}}
        variables: {mtu: 1500, url: "http://${address}/"}
        tasks:
          a: {exec: {command: echo, args: ["${address}", "${mtu}", "${url}"]}}
          b: {roles: [worker], exec: {command: echo, args: ["${address}"]}}
        """

    @Test func `a node's own value replaces that of all nodes`() throws {
        #expect(try declarations(Self.nodesFile, role: nil, host: "one").variables["mtu"] == "1400")
        #expect(try declarations(Self.nodesFile, role: nil, host: "one").variables["url"] == "http://10.0.0.1/")
        #expect(try declarations(Self.nodesFile, role: nil, host: "two").variables["mtu"] == "1500")
        #expect(try declarations(Self.nodesFile, role: nil, host: "two").variables["address"] == "10.0.0.2")
    }

    @Test func `a node without the value is reported where it is used`() {
        let text = problems(Self.nodesFile, role: "control-plane", host: "three")
        #expect(text.contains("variable 'address' has no value here: it is a variable of other nodes, not of 'three'"))
    }

    @Test(arguments: [
        ("{role: worker, variables: [a]}", "'nodes.w1.variables' must be a mapping of names to values, found a list"),
        ("{role: worker, variables: {a: [b]}}", "variable 'a' must be a string, a number or a boolean, found a list"),
        ("{role: worker, variables: {node.x: b}}", "names such as 'node.x' are built in; write node_x"),
    ])
    func `a mistake in a variable of a node is reported once`(node: String, message: String) {
        let text = problems("nodes: {w1: \(node)}\ntasks: {t: {exec: {command: ls}}}", role: nil, host: "other")
        #expect(text.split(separator: "\n").count == 1, "\(text)")
        #expect(text.contains(message), "\(text)")
    }
}
