import TestSupport
import Testing

/// `check --all-nodes`.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct AllNodesCheckTests {
    private static let nodes = """
        cluster: {vip: 10.0.0.100}
        nodes:
          cp-1: {roles: [control-plane, init], address: 10.0.0.1, variables: {namespace: a}}
          cp-2: {role: control-plane, address: 10.0.0.2, variables: {namespace: b}}
          worker-*: {role: worker}
        variables: {servers: {each: cluster.controlPlanes, text: "${node.address}"}}
        tasks:
          peers: {file: {path: /etc/peers, content: "${servers}\\n"}}
          objects:
            roles: [control-plane]
            apply: {kubeconfig: /run/absent, manifests: [m.yaml], substitute: true}

        """

    @Test func `the plans of all nodes are checked from one file`() async throws {
        let node = try TestNode(Self.nodes)
        let object = "{apiVersion: v1, kind: ConfigMap, metadata: {name: \"${namespace}\"}, data: {a: b}}\n"
        try node.write(object, to: "m.yaml")
        let check = await node.call("check", "--all-nodes")
        #expect(check.status == 0, "\(check.errors)")
        #expect(
            check.output == """
                cp-1 (control-plane, init): 2 tasks, 1 object
                cp-2 (control-plane): 2 tasks, 1 object
                worker-* (worker, as worker-0): 1 task
                3 nodes, nothing wrong

                """
        )
        let report = try await node.call("check", "--all-nodes", "-o", "json").output.json
        #expect(report["summary"]?["nodes"]?.integer == 3)
        #expect(report["nodes"]?.sequence?.map { $0["tasks"]?.integer } == [2, 2, 1])
    }

    @Test func `a mistake names the nodes that have it, unless all have it`() async throws {
        let node = try TestNode(Self.nodes.replacing("namespace: b", with: "namespace: B"))
        try node.write("{apiVersion: v1, kind: ConfigMap, metadata: {name: \"${namespace}\"}}\n", to: "m.yaml")
        let manifest = await node.call("check", "--all-nodes")
        #expect(manifest.status == 65)
        #expect(manifest.errorLines.count == 1)
        #expect(manifest.errors.contains("m.yaml:1:52: ConfigMap/B: ") && manifest.errors.contains(" (node 'cp-2')"))

        try node.write(Self.nodes.replacing("${servers}", with: "${namespace}"), to: "bootstrap.yaml")
        let file = await node.call("check", "--all-nodes")
        #expect(file.status == 78)
        #expect(file.errors.hasPrefix("\(node.config):8:45: variable 'namespace' has no value here:"), "\(file.errors)")
        #expect(file.errors.contains("(node 'worker-*')") && file.errorLines.count == 1)
        let report = try await node.call("check", "--all-nodes", "-o", "json").output.json
        #expect(report["problems"]?.sequence?.first?["nodes"]?.sequence?.map(\.string) == ["worker-*"])

        try node.write(Self.nodes.replacing("/etc/peers", with: "etc/peers"), to: "bootstrap.yaml")
        let common = await node.call("check", "--all-nodes")
        #expect(common.errorLines.count == 1 && !common.errors.contains("(node"), "\(common.errors)")
    }

    @Test func `the flag does not go with others that name a node`() async throws {
        let node = try TestNode(Self.nodes)
        for (flag, value) in [("--role", "worker"), ("--host-name", "cp-1")] {
            let result = await node.call("check", "--all-nodes", flag, value)
            #expect(result.status == 64)
            #expect(result.errors.contains("'--all-nodes' and '\(flag)' are mutually exclusive"), "\(result.errors)")
        }
        try node.write("tasks: {a: {exec: {command: ls}}}\n", to: "bootstrap.yaml")
        let none = await node.call("check", "--all-nodes")
        #expect(none.status == 78)
        #expect(none.errors == "\(node.config): no node is declared; write nodes: and below it HOST: {role: ROLE}\n")
    }
}
