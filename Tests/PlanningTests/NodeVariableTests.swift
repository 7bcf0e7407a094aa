import Planning
import Testing

/// Variables that nodes have of their own.
@Suite(.timeLimit(.minutes(5))) struct NodeVariableTests {
    private static let file = """
        nodes:
          one: {role: control-plane, variables: {address: 10.0.0.1, mtu: 1400}}
          two: {role: worker, variables: {address: 10.0.0.2}}
        variables: {mtu: 1500, url: "http://${address}/"}
        tasks:
          a: {exec: {command: echo, args: ["${address}", "${mtu}", "${url}"]}}
          b: {roles: [worker], exec: {command: echo, args: ["${address}"]}}
        """

    @Test func `a node's own value replaces that of all nodes`() throws {
        #expect(try declarations(Self.file, role: nil, host: "one").variables["mtu"] == "1400")
        #expect(try declarations(Self.file, role: nil, host: "one").variables["url"] == "http://10.0.0.1/")
        #expect(try declarations(Self.file, role: nil, host: "two").variables["mtu"] == "1500")
        #expect(try declarations(Self.file, role: nil, host: "two").variables["address"] == "10.0.0.2")
    }

    @Test func `a node without the value is reported where it is used`() {
        let text = problems(Self.file, role: "control-plane", host: "three")
        #expect(text.contains("variable 'address' has no value here: it is a variable of other nodes, not of 'three'"))
    }

    @Test(arguments: [
        ("{role: worker, variables: [a]}", "'nodes.w1.variables' must be a mapping of names to values, found a list"),
        ("{role: worker, variables: {a: [b]}}", "variable 'a' must be a string, a number or a boolean, found a list"),
        ("{role: worker, variables: {node.x: b}}", "names such as 'node.x' are built in; write node_x:"),
    ])
    func `a mistake is reported once`(node: String, message: String) {
        let text = problems("nodes: {w1: \(node)}\ntasks: {t: {exec: {command: ls}}}", role: nil, host: "other")
        #expect(text.split(separator: "\n").count == 1, "\(text)")
        #expect(text.contains(message), "\(text)")
    }
}
