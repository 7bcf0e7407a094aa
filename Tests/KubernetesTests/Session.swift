import Base
import HTTP
@testable import Kubernetes
import TestSupport
import Testing

/// A user of an API server who applies manifests and collects the reports.
struct Session: Sendable {
    let client: APIClient

    /// The managers whose fields are taken over.
    var takenManagers: [String] = []

    /// Whether fields of other managers are kept.
    var keepsConflicts = false

    /// Connects as a kubeconfig says.
    init(kubeconfig path: String) throws {
        let kubeconfig = try Kubeconfig(try Files.read(path), path: path)
        let credentials = try Credentials(kubeconfig) { try Files.read($0) }
        client = APIClient(HTTPClient(), kubeconfig: kubeconfig, credentials: credentials)
    }

    /// Connects to a server with a token.
    ///
    /// - Parameters:
    ///   - server: The URL of the server.
    ///   - writer: The task that writes the kubeconfig, if there is one.
    /// - Throws: The error of a kubeconfig or of credentials that cannot be used.
    init(server: String, writer: String? = nil) throws {
        let text = """
            {current-context: x, contexts: [{name: x, context: {cluster: c, user: me}}],
             clusters: [{name: c, cluster: {server: '\(server)'}}], users: [{name: me, user: {token: t}}]}
            """
        var kubeconfig = try Kubeconfig(Array(text.utf8), path: "k")
        kubeconfig.writer = writer
        let credentials = try Credentials(kubeconfig) { try Files.read($0) }
        client = APIClient(HTTPClient(), kubeconfig: kubeconfig, credentials: credentials)
    }

    /// Connects to the cluster that the tests share, as its admin.
    static func admin() async throws -> Session {
        try Session(kubeconfig: try await TestCluster.shared.value.kubeconfig)
    }

    /// A policy with a short grace period and a deadline that suits a busy machine.
    static func retryPolicy(
        _ limit: Duration = .seconds(600),
        gracePeriod: Duration = .milliseconds(300),
        report: @escaping @Sendable (String) -> Void = { _ in },
    ) -> RetryPolicy {
        RetryPolicy(deadline: .now + limit, gracePeriod: gracePeriod) { report("\($0)") }
    }

    /// Applies the manifests of a text, and returns a line for each report; `onLine` gets each at once.
    func apply(
        _ text: String,
        forceConflicts: Bool = false,
        dryRunOverlay: DryRunOverlay? = nil,
        retryPolicy: RetryPolicy = retryPolicy(),
        onLine: @escaping @Sendable (String) -> Void = { _ in },
    ) async -> [String] {
        let file = ManifestFile(Array(text.utf8), file: "m.yaml")
        let (lines, said) = AsyncStream<String>.makeStream()
        let applier = Applier(
            client: client,
            managedMetadata: ManagedMetadata(task: "t"),
            conflicts: forceConflicts ? .force : keepsConflicts ? .keep : .report,
            takenManagers: takenManagers,
            dryRunOverlay: dryRunOverlay,
            retryPolicy: retryPolicy,
        ) { message in
            let line =
                switch message {
                case .applied(let identity, let result):
                    ["\(result.change) \(identity)"] + (result.fields + result.notes).map { "  \($0)" }
                case .failed(let failure): failure.problems.map(\.description)
                case .warning(let identity, let text): ["warning \(identity): \(text)"]
                }
            said.yield(line.joined(separator: "\n"))
            onLine(line.joined(separator: "\n"))
        }
        _ = await applier.apply(
            DistinctObjects(of: file.manifests, defaultNamespace: client.kubeconfig.namespace)
        )
        said.finish()
        return await lines.reduce(into: file.diagnostics.map(\.description)) { $0.append($1) }
    }

    /// Reads an object, `nil` if it does not exist.
    func object(_ path: String) async throws -> Node? {
        try await client.find(path, until: .now + .seconds(600))
    }

    /// Reads an object's resource version.
    func resourceVersion(_ path: String) async throws -> String? {
        try await object(path)?["metadata"]?["resourceVersion"]?.string
    }

    /// Sends an object by server-side apply as another manager.
    func write(_ body: String, to path: String, as manager: String) async throws {
        let query = [("fieldManager", manager), ("force", "true")]
        _ = try await client.object("PATCH", path, query: query, body: Array(body.utf8), until: .now + .seconds(600))
    }

    /// Creates an object as another manager, or changes it by a merge patch, as clients without server-side apply do.
    func update(
        _ method: String,
        _ body: String,
        at path: String,
        as manager: String,
        contentType: String = "application/merge-patch+json",
    ) async throws {
        _ = try await client.object(
            method,
            path,
            query: [("fieldManager", manager)],
            body: try node(body).json(),
            contentType: method == "PATCH" ? contentType : "application/json",
            until: .now + .seconds(600),
        )
    }
}

extension Session {
    /// Creates a namespace in the cluster that the tests share, and connects as its admin.
    static func inNewNamespace() async throws -> (session: Session, namespace: String) {
        let admin = try await admin()
        // As long as the placeholder NAMESPACE, so that locations do not change when it is replaced.
        let name = "t" + String((0..<8).map { _ in "abcdefghijklmnopqrstuvwxyz".randomElement() ?? "a" })
        let lines = await admin.apply("{apiVersion: v1, kind: Namespace, metadata: {name: \(name)}}")
        try #require(lines == ["created Namespace/\(name)"])
        return (admin, name)
    }
}
