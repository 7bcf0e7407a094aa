import Base
import Host
import Kubernetes
import Planning
import TLS

/// The schemas of API servers, kept by tasks in their directories of the cache, so that `check` knows the kinds of a server
/// that was reached before.
struct SchemaStore {
    private let run: RunEnvironment

    /// How old a document becomes before it is fetched again.
    private static let validity: Int64 = 86400

    /// How long fetching may take: the task that waits for it is done.
    private static let timeLimit = Duration.seconds(45)

    init(_ run: RunEnvironment) {
        self.run = run
    }

    /// The server that a kubeconfig names, `nil` if it cannot be read.
    func server(ofKubeconfig path: String) -> String? {
        guard let bytes = try? run.files.read(path, limit: SizeLimit.configuration) else { return nil }
        return (try? Kubeconfig(bytes, path: path))?.server
    }

    /// The newest schema of a server that a task has kept, `nil` if there is none.
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

    /// Keeps the schema of a server, unless the task did that within the last day; failures are ignored.
    func refresh(of task: String, from client: APIClient, until deadline: ContinuousClock.Instant) async {
        let directory = "\(run.cacheDirectory)/\(task)"
        let name = name(of: client.kubeconfig.server)
        if let location = try? run.files.location(ofWritten: "\(directory)/\(name)"),
            let modified = (try? FileSystem.status(location))?.modified,
            // A time to come is one from before the clock was set back.
            (0..<Self.validity).contains(Timestamp.now().seconds - modified)
        {
            return
        }
        // `diff` with a root that is not there writes nothing.
        guard run.files.root.isEmpty || (try? FileSystem.exists(run.files.root)) == true else { return }
        let deadline = min(deadline, ContinuousClock.now + Self.timeLimit)
        guard let bytes = await client.schemaDocument(until: deadline) else { return }
        try? NodeFiles(root: run.files.root, isDryRun: false)
            .keep(bytes, as: name, in: directory)
    }

    private func name(of server: String) -> String { "openapi-\(sha256(Array(server.utf8)))" }
}
