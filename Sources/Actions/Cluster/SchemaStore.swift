import Base
import Host
import Kubernetes
import Planning
import TLS

/// Schemas of API servers, saved by tasks in their cache directories.
///
/// With a saved schema, `check` knows the kinds of a server without connecting to it.
struct SchemaStore {
    private let run: RunEnvironment

    /// The age in seconds at which a schema is fetched again.
    private static let validity: Int64 = 86400

    /// The time limit for fetching a schema, because the task ends only after the fetch.
    private static let timeLimit = Duration.seconds(45)

    init(_ run: RunEnvironment) {
        self.run = run
    }

    /// Returns the server that a kubeconfig names, or `nil` if the kubeconfig cannot be read.
    func server(ofKubeconfig path: String) -> String? {
        guard let bytes = try? run.files.read(path, limit: SizeLimit.configuration) else { return nil }
        return (try? Kubeconfig(bytes, path: path))?.server
    }

    /// Returns the newest saved schema of a server, or `nil` if no task has saved one.
    func document(of server: String) -> SchemaDocument? {
        let name = name(of: server)
        let paths = run.plan.steps.map { "\(run.cacheDirectory)/\($0.task.name)/\(name)" }
        let kept = paths.compactMap { path in modified(path).map { (path: path, time: $0) } }
        return kept.sorted { $0.time > $1.time }.lazy.compactMap { kept in
            (try? run.files.read(kept.path, limit: SizeLimit.content)).flatMap { SchemaDocument(json: $0) }
        }
        .first
    }

    private func modified(_ path: String) -> Int64? {
        guard let location = try? run.files.location(ofRead: path) else { return nil }
        return (try? FileSystem.status(location))?.modified
    }

    /// Saves the schema of a server, unless the task saved it within the last day; failures are ignored.
    func refresh(of task: String, from client: APIClient, until deadline: ContinuousClock.Instant) async {
        let directory = "\(run.cacheDirectory)/\(task)"
        let name = name(of: client.kubeconfig.server)
        if let location = try? run.files.location(ofWritten: "\(directory)/\(name)"),
            let modified = (try? FileSystem.status(location))?.modified,
            // A time in the future was recorded before the clock was set back.
            (0..<Self.validity).contains(Timestamp.now().seconds - modified)
        {
            return
        }
        // A root that does not exist is not created, because `diff` must not write anything there.
        guard run.files.root.isEmpty || (try? FileSystem.exists(run.files.root)) == true else { return }
        let deadline = min(deadline, ContinuousClock.now + Self.timeLimit)
        guard let bytes = await client.schemaDocument(until: deadline) else { return }
        try? NodeFiles(root: run.files.root, isDryRun: false)
            .keep(bytes, as: name, in: directory)
    }

    private func name(of server: String) -> String { "openapi-\(sha256(Array(server.utf8)))" }
}
