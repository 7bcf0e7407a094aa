import TestSupport
import Testing

/// What is printed about servers that cannot be reached, and about what is between.
@Suite(.temporaryDirectory, .timeLimit(.minutes(30)))
struct ConnectionFailureTests {
    /// Runs a task that applies to a server, and returns its error.
    private func failure(of server: String, proxy: String? = nil) async throws -> String {
        let node = try TestNode("tasks: {t: {timeout: 10s, apply: {kubeconfig: k, manifests: [m.yaml]}}}\n")
        try node.write(
            """
            apiVersion: v1
            kind: Config
            clusters: [{name: c, cluster: {server: "\(server)"}}]
            users: [{name: u, user: {token: x}}]
            contexts: [{name: c, context: {cluster: c, user: u}}]
            current-context: c
            """,
            to: "k",
        )
        try node.write("{apiVersion: v1, kind: Namespace, metadata: {name: unreached}}", to: "m.yaml")
        let none: [String: String?] = ["https_proxy": nil, "all_proxy": nil, "ALL_PROXY": nil, "NO_PROXY": nil]
        let environment = none.merging(["HTTPS_PROXY": proxy, "no_proxy": nil]) { $1 }
        let result = try await node.run("run", environment: environment)
        #expect(result.status == 1)
        show("server \(server), proxy \(proxy ?? "none")", ours: result)
        return result.errors.replacing("\(node.directory)/", with: "")
    }

    @Test func `a name that cannot be resolved is a matter of the name and of DNS`() async throws {
        let errors = try await failure(of: "https://controlplane.invalid:6443")
        #expect(
            errors == "t: error: API server https://controlplane.invalid:6443 cannot be reached: cannot resolve host "
                + "'controlplane.invalid'; correct the server in kubeconfig 'k:3:40'\n"
        )
    }

    @Test(arguments: ["http://127.0.0.1:9", "http://proxy.invalid:3128"])
    func `a proxy of the environment that cannot be reached is named`(proxy: String) async throws {
        let errors = try await failure(of: "https://192.0.2.1:6443", proxy: proxy)
        #expect(errors.hasPrefix("t: error: API server https://192.0.2.1:6443 cannot be reached: "))
        #expect(errors.contains(proxy.contains("invalid") ? "proxy.invalid" : "127.0.0.1 port 9"), "\(errors)")
    }

    @Test func `a proxy that refuses to connect is reported with its status`() async throws {
        let proxy = try LoopbackServer { _ in .response(403) }
        let errors = try await failure(of: "https://192.0.2.1:6443", proxy: proxy.url)
        #expect(errors.hasPrefix("t: error: API server https://192.0.2.1:6443 cannot be reached: "))
        #expect(errors.contains("403"), "\(errors)")
        #expect(proxy.requests.first?.method == "CONNECT")
    }

    @Test func `a redirection is reported with its target`() async throws {
        let server = try LoopbackServer { _ in .response(301, headers: ["Location: https://example.test/new"]) }
        let node = try TestNode("tasks: {t: {timeout: 10s, wait: {url: \"\(server.url)/old\"}}}\n")
        let errors = try await node.run("run").errors
        #expect(
            errors
                == "t: error: \(node.config):1:39: timed out after 10s waiting for '\(server.url)/old': it answers 301 with a redirection to "
                + "'https://example.test/new'; check that the service is running, or increase 'timeout' of task 't'\n"
        )
    }
}
