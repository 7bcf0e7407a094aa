import Glibc
import TestSupport
import Testing

extension FreshServerTests {
    /// A server that starts late, or runs and is not ready.
    @Suite(.temporaryDirectory) struct ServerFailureTests {
        private func node(_ cluster: TestCluster, timeout: String) throws -> TestNode {
            let node = try TestNode(
                "tasks: {t: {timeout: \(timeout), apply: {kubeconfig: \(cluster.kubeconfig), manifests: [m.yaml]}}}\n"
            )
            try node.write("{apiVersion: v1, kind: Namespace, metadata: {name: late}}", to: "m.yaml")
            return node
        }

        @Test func `a server that is started after the agent is waited for`() async throws {
            try await TestCluster.withFresh(starting: false) { cluster in
                let tool = try node(cluster, timeout: "10m").start(["run"])
                let address = cluster.server.replacing("https://", with: "")
                let waits = "t: waiting: API server \(address): connection refused (gives up at NOW)\n"
                #expect(try await becomes { tool.outputSoFar().masked.hasPrefix(waits) })
                try await cluster.start()
                let result = await tool.result()
                #expect(result.status == 0)
                #expect(result.errors == "")
                #expect(result.outputLines.last == "1 task: 1 changed")
                print("API server started late:\n\(result.output)", terminator: "")
            }
        }

        @Test func `a server that is not ready is reported with the failing checks`() async throws {
            try await TestCluster.withFresh { cluster in
                let hooks = try await cluster.kubectl("get", "--raw=/readyz?verbose").output
                let pid = try Files.text("\(cluster.directory)/pids/etcd").filter(\.isNumber)
                let etcd = try #require(Int32(pid))
                _ = kill(etcd, SIGSTOP)
                defer { _ = kill(etcd, SIGCONT) }
                let result = try await node(cluster, timeout: "30s").run("run")
                #expect(result.status == 1)
                show("server up, not ready", ours: result)
                let line = result.errors.masked
                // The readiness of some builds does not include etcd.
                guard hooks.contains("[+]etcd ok") else {
                    #expect(
                        line == "t: error: API server \(cluster.server) is not ready: no response within 5 s\n"
                    )
                    return
                }
                #expect(line.hasPrefix("t: error: API server \(cluster.server) is not ready: "), "\(line)")
                #expect(
                    line.contains(/check etcd of .readyz has failed|[0-9]+ checks of .readyz have failed: etcd/),
                    "\(line)"
                )
            }
        }
    }
}
