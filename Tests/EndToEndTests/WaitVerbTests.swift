import Host
import TestSupport
import Testing
import YAML

/// Tasks that wait.
@Suite(.temporaryDirectory, .timeLimit(.minutes(3)))
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

    @Test func `what does not come is told with the last thing seen`() async throws {
        let server = try LoopbackServer { _ in .response(503) }
        let node = try TestNode(
            """
            tasks:
              port: {timeout: 1s, wait: {tcp: "127.0.0.1:9"}}
              url: {timeout: 1s, wait: {url: "\(server.url)/"}}
              file: {timeout: 1s, wait: {file: /nowhere/to/be/found}}
            """
        )
        let result = try await node.run("run")
        #expect(result.status == 1)
        let advice = "see why it does not come, or raise 'timeout' of task"
        let lines = result.errorLines.sorted()
        try #require(lines.count == 3)
        let path = "/nowhere/to/be/found"
        #expect(lines[0] == "file: error: waited in vain for '\(path)': it does not exist; \(advice) 'file'")
        let refused = "cannot connect to '127.0.0.1:9': Connection refused"
        #expect(lines[1] == "port: error: waited in vain for 127.0.0.1:9: \(refused); \(advice) 'port'")
        #expect(lines[2] == "url: error: waited in vain for '\(server.url)/': it answers 503; \(advice) 'url'")
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
        let tool = try node.start(["run"])
        #expect(try await becomes { tool.outputSoFar().contains("object: waiting: ") })
        try await cluster.mustApply("{apiVersion: v1, kind: ConfigMap, metadata: {name: comes, namespace: awaited}}")
        let result = await tool.result()
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.outputLines.last == "2 tasks: 2 unchanged")
    }
}
