import HTTP
@testable import Kubernetes
import TestSupport
import Testing
import YAML

/// A user of an API server, who applies manifests and reads what is said about it.
struct Session: Sendable {
    let client: APIClient

    /// Connects as a kubeconfig says.
    init(kubeconfig path: String) throws {
        let kubeconfig = try Kubeconfig(try readTestFile(path), path: path)
        let credentials = try Credentials(kubeconfig) { try readTestFile($0) }
        client = APIClient(try HTTPClient(), kubeconfig: kubeconfig, credentials: credentials)
    }

    /// Connects to a server without TLS.
    init(server: String) throws {
        let text = """
            {current-context: x, contexts: [{name: x, context: {cluster: c, user: me}}],
             clusters: [{name: c, cluster: {server: '\(server)'}}], users: [{name: me, user: {token: t}}]}
            """
        let kubeconfig = try Kubeconfig(Array(text.utf8), path: "k")
        let credentials = try Credentials(kubeconfig) { try readTestFile($0) }
        client = APIClient(try HTTPClient(), kubeconfig: kubeconfig, credentials: credentials)
    }

    /// Connects to the cluster that the tests share, as its admin.
    static func admin() async throws -> Session {
        try Session(kubeconfig: try await TestCluster.shared.value.kubeconfig)
    }

    /// A patience that gives up soon.
    static func patience(
        _ limit: Duration = .seconds(90),
        window: Duration = .milliseconds(300),
        report: @escaping @Sendable (String) -> Void = { _ in },
    ) -> Patience {
        Patience(deadline: .now + limit, window: window, report: report)
    }

    /// Applies the manifests of a text, and returns a line for everything that is said, in the order of the objects.
    func apply(
        _ text: String,
        takesOver: Bool = false,
        prophecy: Prophecy? = nil,
        patience: Patience = patience(),
    ) async -> [String] {
        let file = ManifestFile(Array(text.utf8), file: "m.yaml")
        let (lines, said) = AsyncStream<String>.makeStream()
        let applier = Applier(
            client: client,
            ownership: Ownership(task: "t"),
            takesOver: takesOver,
            prophecy: prophecy,
            patience: patience,
        ) { message in
            let line =
                switch message {
                case .applied(let identity, let change, let fields):
                    ["\(change) \(identity)"] + fields.map { "  \($0)" }
                case .failed(let failure): failure.problems.map(\.description)
                case .warning(let identity, let text): ["warning \(identity): \(text)"]
                }
            said.yield(line.joined(separator: "\n"))
        }
        _ = await applier.apply(file.manifests)
        said.finish()
        return await lines.reduce(into: file.diagnostics.map(\.description)) { $0.append($1) }
    }

    /// Reads an object, `nil` if there is none.
    func object(_ path: String) async throws -> Node? {
        try await client.find(path, until: .now + .seconds(5))
    }

    /// Reads an object's resource version.
    func resourceVersion(_ path: String) async throws -> String? {
        try await object(path)?["metadata"]?["resourceVersion"]?.string
    }

    /// Sends an object by server-side apply as another manager.
    func write(_ body: String, to path: String, as manager: String) async throws {
        let query = [("fieldManager", manager), ("force", "true")]
        _ = try await client.object("PATCH", path, query: query, body: Array(body.utf8), until: .now + .seconds(5))
    }
}

extension Session {
    /// A namespace of its own in the cluster that the tests share, and its admin.
    static func inNewNamespace() async throws -> (session: Session, namespace: String) {
        let admin = try await admin()
        // As long as the word NAMESPACE, so that places are the same in a text where it stands for the name.
        let name = "t" + String((0..<8).map { _ in "abcdefghijklmnopqrstuvwxyz".randomElement() ?? "a" })
        let lines = await admin.apply("{apiVersion: v1, kind: Namespace, metadata: {name: \(name)}}")
        try #require(lines == ["created Namespace/\(name)"])
        return (admin, name)
    }
}
