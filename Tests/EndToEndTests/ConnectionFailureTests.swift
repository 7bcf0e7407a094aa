import TestSupport
import Testing

/// What is printed about servers that cannot be reached or trusted, and about what is between.
@Suite(.needsAPIServer, .temporaryDirectory, .timeLimit(.minutes(15)))
struct ConnectionFailureTests {
    /// Runs a task that applies to a server, and returns its error.
    private func failure(of server: String, user: String, proxy: String? = nil) async throws -> String {
        let node = try TestNode("tasks: {t: {timeout: 10s, apply: {kubeconfig: k, manifests: [m.yaml]}}}\n")
        try node.write(
            """
            apiVersion: v1
            kind: Config
            clusters: [{name: c, cluster: {\(server)}}]
            users: [{name: u, user: {\(user)}}]
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
        #expect(result.errorLines.count == 1, "\(result.errors)")
        show("server \(server), proxy \(proxy ?? "none")", ours: result)
        return result.errors
    }

    @Test func `a wrong host name is reported with the names of the certificate`() async throws {
        let cluster = try await TestCluster.shared.value
        let server = "server: \(cluster.server), tls-server-name: elsewhere, certificate-authority: "
        let admin = "\(cluster.credentials)/kube-admin"
        let errors = try await failure(
            of: server + cluster.certificateAuthority,
            user: "client-certificate: \(admin).crt, client-key: \(admin).key"
        )
        #expect(errors.hasPrefix("t: error: API server \(cluster.server) shows a certificate for localhost, "))
    }

    @Test func `a proxy of the environment that cannot be reached, or that refuses, is named`() async throws {
        let server = "server: \"https://192.0.2.1:6443\""
        let refusing = try LoopbackServer { _ in .response(403) }
        for (proxy, words) in [("http://127.0.0.1:9", "127.0.0.1 port 9"), (refusing.url, "403")] {
            let errors = try await failure(of: server, user: "token: x", proxy: proxy)
            #expect(errors.hasPrefix("t: error: API server https://192.0.2.1:6443 cannot be reached: "), "\(errors)")
            #expect(errors.contains(words), "\(errors)")
        }
        #expect(refusing.requests.first?.method == "CONNECT")
    }

    @Test func `a wait for a port does not take the proxy of the environment for it`() async throws {
        let proxy = try LoopbackServer { _ in .response(200) }
        let node = try TestNode("tasks: {t: {timeout: 2s, wait: {tcp: \"192.0.2.1:6443\"}}}\n")
        let result = try await node.run("run", environment: ["http_proxy": proxy.url, "no_proxy": nil])
        #expect(result.status == 1 && proxy.connectionCount == 0, "\(result)")
    }

    @Test func `a redirection of a wait is reported with its target`() async throws {
        let server = try LoopbackServer { _ in .response(301, headers: ["Location: https://example.test/new"]) }
        let node = try TestNode("tasks: {t: {timeout: 10s, wait: {url: \"\(server.url)/old\"}}}\n")
        let errors = try await node.run("run").errors
        #expect(errors.hasPrefix("t: error: \(node.config):1:39: timed out after 10s waiting for '\(server.url)/old'"))
        #expect(errors.contains("301") && errors.contains("'https://example.test/new'"), "\(errors)")
    }
}
