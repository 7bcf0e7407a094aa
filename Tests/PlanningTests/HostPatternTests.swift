import Planning
import Testing

/// Nodes by pattern of host names.
@Suite(.timeLimit(.minutes(5))) struct HostPatternTests {
    private static let file = """
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
        let read = try declarations(Self.file, role: nil, host: host)
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
            ("a-*: {role: worker}, '*-b': {role: worker}", "1:30: hosts such as 'a-*-b' match '*-b' and 'a-*'"),
            ("a*b*: {role: worker}", "1:9: 'a*b*' cannot be a pattern of host names"),
            ("a-*: {role: worker, address: 10.0.0.1}", "1:38: 'nodes.a-*.address' is one address"),
            ("a-*: {role: worker, variables: {node.x: 1}}", "1:41: names such as 'node.x' are built in"),
        ]
    )
    func `a mistake is reported once`(nodes: String, message: String) {
        let printed = problems("nodes: {\(nodes)}\ntasks: {}", role: nil, host: "z")
        #expect(isReported(printed, message), "\(printed)")
    }

    @Test(arguments: ["a-*: {role: worker}, a-b*: {role: worker}", "a-*: {role: worker}, b-*: {role: worker}"])
    func `patterns that contain each other or have no host in common are right`(nodes: String) {
        #expect(problems("nodes: {\(nodes)}\ntasks: {}", role: nil, host: "a-bc") == "")
    }
}
