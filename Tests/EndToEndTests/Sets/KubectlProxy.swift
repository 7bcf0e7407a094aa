import TestSupport
import Testing

/// A server on loopback that passes requests on to the API server, and needs no TLS and no credentials.
struct KubectlProxy: Sendable {
    let port: UInt16
    private let process: ChildProcess

    /// Starts the proxy.
    ///
    /// - Throws: An error if it does not start.
    init(to cluster: TestCluster) async throws {
        let process = try ChildProcess(["kubectl", "--kubeconfig", cluster.kubeconfig, "proxy", "--port=0"])
        process.collectOutput()
        let start = "Starting to serve on 127.0.0.1:"
        try #require(try await becomes { process.printedLines.contains { $0.hasPrefix(start) } })
        let line = process.printedLines.first { $0.hasPrefix(start) } ?? ""
        port = try #require(UInt16(line.dropFirst(start.count)))
        self.process = process
    }

    /// Writes a kubeconfig for a server on loopback without TLS.
    static func writeKubeconfig(_ path: String, port: UInt16) throws {
        let text = """
            {current-context: x, contexts: [{name: x, context: {cluster: c, user: u}}], users: [{name: u, user: {}}],
             clusters: [{name: c, cluster: {server: 'http://127.0.0.1:\(port)'}}]}
            """
        try Files.write(Array(text.utf8), to: path, mode: 0o600)
    }
}
