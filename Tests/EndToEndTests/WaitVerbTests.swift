import TestSupport
import Testing

/// Tasks that wait.
@Suite(.temporaryDirectory, .timeLimit(.minutes(30)))
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

    @Test func `a wait that times out reports the last reason`() async throws {
        let server = try LoopbackServer { _ in .response(503) }
        let node = try TestNode(
            """
            tasks:
              port: {timeout: 10s, wait: {tcp: "127.0.0.1:9"}}
              url: {timeout: 10s, wait: {url: "\(server.url)/"}}
              file: {timeout: 10s, wait: {file: /nowhere/to/be/found}}
            """
        )
        let result = try await node.run("run")
        #expect(result.status == 1)
        let advice = "or increase 'timeout' of task"
        let lines = result.errorLines.sorted()
        try #require(lines.count == 3)
        let path = "/nowhere/to/be/found"
        #expect(
            lines[0]
                == "file: error: \(node.config):4:37: timed out after 10s waiting for '\(path)': it does not exist; "
                + "check what creates the file, \(advice) 'file'"
        )
        let refused = "connection refused"
        #expect(
            lines[1]
                == "port: error: \(node.config):2:36: timed out after 10s waiting for 127.0.0.1:9 to accept connections: \(refused); "
                + "check that the service is running, \(advice) 'port'"
        )
        #expect(
            lines[2]
                == "url: error: \(node.config):3:35: timed out after 10s waiting for '\(server.url)/': it answers 503; "
                + "check that the service is running, \(advice) 'url'"
        )
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

    @Test(.needsUserManager) func `a file is found that comes with a mount`() async throws {
        // Without an event the next look comes 10 s after the first; a busy machine may need several attempts.
        #expect(try await becomes { try await secondsUntilMountIsSeen() < 5 })
    }

    /// Mounts a file system with the file that a run waits for, and measures how long the run takes from then on.
    private func secondsUntilMountIsSeen() async throws -> Int {
        let node = try TestNode("tasks: {file: {timeout: 10m, wait: {file: disk/here}}}")
        try node.write("", to: "other/here")
        let directory = node.path("disk")
        // The mount is seen by no process outside of this one and its children.
        let script = """
            "$@" >"$OUTPUT" 2>&1 &
            until grep -q 'file: waiting: ' "$OUTPUT"; do sleep 0.05; done
            start=$(date +%s)
            mount --bind "$OTHER" "$DISK"
            wait $!
            echo $(($(date +%s) - start)) seconds
            """
        try Files.makeDirectories(directory)
        let environment = [
            "DISK": directory, "OTHER": node.path("other"), "OUTPUT": node.path("output"), "NEST_ROLE": nil,
        ]
        let program = [TestNode.program, "run", "--config", node.config, "--root", node.root]
        let result = try await Tool.run(
            "unshare",
            ["--mount", "sh", "-euc", script, "sh"] + program,
            environment: environment
        )
        #expect(result.status == 0, "\(result.errors)")
        return try #require(Int(result.output.split(separator: " ").first ?? ""))
    }

    @Test(.needsAPIServer) func `an object of a misspelt kind is not waited for`() async throws {
        let cluster = try await TestCluster.shared.value
        let object = "{apiVersion: apps/v1, kind: Deploymnet, name: a, namespace: default}"
        let node = try TestNode(
            """
            tasks:
              it:
                wait:
                  kubeconfig: \(cluster.kubeconfig)
                  object: \(object)
            """
        )
        let result = try await node.run("run")
        #expect(result.status == 1)
        #expect(
            result.errorLines.first == "it: error: \(node.directory)/bootstrap.yaml:5:15: cannot wait for "
                + "Deploymnet/default/a: the server has no kind 'Deploymnet' in 'apps/v1'; did you mean 'kind: Deployment'?"
        )
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
        #expect(planned.output.hasSuffix("1 task would wait, 1 unchanged\n"), "\(planned.output)")
        let tool = try node.start(["run"])
        #expect(try await becomes { tool.outputSoFar().contains("object: waiting: ") })
        try await cluster.mustApply("{apiVersion: v1, kind: ConfigMap, metadata: {name: comes, namespace: awaited}}")
        let result = await tool.result()
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.outputLines.last == "2 tasks: 2 unchanged")
        #expect(try await node.run("diff").output.hasSuffix("\n2 tasks unchanged\n"))
    }
}
