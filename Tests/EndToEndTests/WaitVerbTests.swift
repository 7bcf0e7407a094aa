import TestSupport
import Testing

/// Tasks that wait.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct WaitVerbTests {
    @Test func `a task waits for a port, a file and a URL, and nothing has changed`() async throws {
        let server = try LoopbackServer { request in
            request.target == "/ready" ? .response(204) : .response(503)
        }
        let node = try TestNode(
            """
            tasks:
              port: {wait: {tcp: "127.0.0.1:\(server.port)"}}
              url: {wait: {url: "\(server.url)/ready"}}
              file: {wait: {file: awaited}}
            """
        )
        let tool = try node.start(["run"])
        #expect(try await becomes { tool.outputSoFar().contains("file: waiting: ") })
        try node.write("", to: "awaited")
        let result = await tool.result()
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.outputLines.last == "3 tasks: 3 unchanged")
    }

    @Test(.needsUserManager) func `a task waits for a unit`() async throws {
        let manager = try await UserManager(in: TemporaryDirectory.file("systemd"))
        let node = try TestNode("tasks: {unit: {wait: {unit: awaited.service}}}")
        let tool = try node.start(["run"], environment: ["DBUS_SYSTEM_BUS_ADDRESS": manager.busAddress])
        #expect(
            try await becomes {
                tool.outputSoFar().contains("unit: waiting: unit 'awaited.service': it is not-found (gives up at ")
            }
        )
        let unit = "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n"
        try manager.write(unit, toUnit: "awaited.service")
        try await manager.start("awaited.service")
        let result = await tool.result()
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.outputLines.last == "1 task: 1 unchanged")
    }

    @Test(.needsAPIServer) func `a task waits for the API server and for an object to be ready`() async throws {
        let cluster = try await TestCluster.shared(namespace: "awaited")
        let object = "object: {apiVersion: v1, kind: ConfigMap, name: comes, namespace: awaited}"
        let node = try TestNode(
            """
            tasks:
              server: {wait: {apiServer: \(cluster.kubeconfig)}}
              object: {after: [server], wait: {\(object), kubeconfig: \(cluster.kubeconfig)}}
            """
        )
        let planned = try await node.run("diff")
        #expect(planned.output.hasSuffix("2 tasks: 2 unchanged\n"), "\(planned.output)")
        let tool = try node.start(["run"])
        #expect(try await becomes { tool.outputSoFar().contains("object: waiting: ") })
        try await cluster.mustApply("{apiVersion: v1, kind: ConfigMap, metadata: {name: comes, namespace: awaited}}")
        let result = await tool.result()
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.outputLines.last == "2 tasks: 2 unchanged")
        #expect(try await node.run("diff").output.hasSuffix("\n2 tasks: 2 unchanged\n"))
    }
}
