import TestSupport
import Testing

/// A node that reports to the cluster with a kubeconfig of its own, or that of its kubelet.
struct ReportingNode {
    let node: TestNode

    /// Tasks of which one succeeds when a file is there.
    static let tasks = """
        tasks:
          fine: {symlink: {path: "${dir}/x", target: /etc}}
          flaky: {exec: {command: test, args: [-e, "${dir}/go"]}}
          last: {after: [flaky], symlink: {path: "${dir}/y", target: /etc}}

        """

    /// Makes a node, with the certificate of its kubelet.
    init(_ name: String, on cluster: TestCluster, tasks: String = tasks) async throws {
        let user = "kubelet-\(name)"
        try await cluster.makeCertificate(user, subject: "/O=system:nodes/CN=system:node:\(name)")
        let directory = "\(cluster.directory)/\(name)"
        node = try TestNode(
            "cluster: {report: {kubeconfig: kubelet.conf}}\nvariables: {dir: \(directory)}\n\(tasks)",
            in: directory
        )
        try node.write(Self.kubeconfig(of: user, on: cluster), to: "kubelet.conf", mode: 0o600)
    }

    /// A kubeconfig of a user with a certificate of the cluster.
    static func kubeconfig(of user: String, on cluster: TestCluster, server: String? = nil) -> String {
        """
        apiVersion: v1
        kind: Config
        current-context: c
        contexts: [{name: c, context: {cluster: c, user: u}}]
        clusters: [{name: c, cluster: {server: "\(server ?? cluster.server)", certificate-authority: \(cluster.certificateAuthority)}}]
        users: [{name: u, user: {client-certificate: \(cluster.credentials)/\(user).crt, client-key: \(cluster.credentials)/\(user).key}}]

        """
    }

    /// Lets its task succeed.
    func heal() throws { try node.write("", to: "go") }
}

extension TestNode {
    /// Starts the program without `--root`, as on a machine without systemd whose `/run` and `/var/lib` are in the folder.
    func startWithoutRoot(_ arguments: [String]) throws(SupportError) -> Tool {
        let script = "for path in run var/lib; do mkdir -p \"$1/$path\"; mount --bind \"$1/$path\" \"/$path\"; done; "
        let shell = ["--mount", "sh", "-euc", script + "shift; exec \"$@\"", "sh", root, Self.program]
        return try Tool(
            "unshare",
            shell + arguments + ["--config", config],
            environment: ["NEST_ROLE": nil, "JOURNAL_STREAM": nil, "NOTIFY_SOCKET": nil]
        )
    }

    /// Runs the program without `--root` to its end.
    func runWithoutRoot(_ arguments: String...) async throws(SupportError) -> ToolResult {
        await (try startWithoutRoot(arguments)).result()
    }
}

extension TestCluster {
    /// Creates Nodes without kubelets.
    func createNodes(_ names: [String]) async throws {
        let objects = names.map { "---\n{apiVersion: v1, kind: Node, metadata: {name: \($0)}}\n" }.joined()
        let result = try await kubectl("create", "-f", "-", input: objects)
        try #require(result.status == 0, "\(result.errors)")
    }

    /// The condition that a node has reported.
    func reported(_ name: String) async throws -> JSON? {
        let conditions = try await object("node", name)["status"]?["conditions"]?.sequence ?? []
        return conditions.first { $0["type"]?.string == "BootstrapReady" }
    }

    /// The Events of a node, each as `REASON xCOUNT`.
    func events(of node: String) async throws -> [String] {
        let result = try await kubectl(
            "get",
            "events",
            "--field-selector",
            "involvedObject.kind=Node,involvedObject.uid=\(node)",
            "-o",
            #"jsonpath={range .items[*]}{.reason} x{.count}{"\n"}{end}"#
        )
        try #require(result.status == 0, "\(result.errors)")
        return result.outputLines.sorted()
    }
}
