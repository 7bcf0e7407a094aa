import Base
import Host
import Kubernetes
import Planning
import TLS

/// The schemas of API servers, kept below the cache directory, so that `check` knows the kinds of a server that was
/// reached before.
struct SchemaStore {
    private let run: RunEnvironment

    /// A document is not larger than this.
    private static let sizeLimit = 64 << 20

    /// How old a document becomes before it is fetched again.
    private static let validity: Int64 = 86400

    /// How long fetching may take: the task that waits for it is done.
    private static let timeLimit = Duration.seconds(45)

    init(_ run: RunEnvironment) {
        self.run = run
    }

    /// The server that a kubeconfig names, `nil` if it cannot be read.
    func server(ofKubeconfig path: String) -> String? {
        guard let bytes = try? run.files.read(path, limit: 1 << 20) else { return nil }
        return (try? Kubeconfig(bytes, path: path))?.server
    }

    /// The schema of a server, `nil` if none is kept.
    func document(of server: String) -> SchemaDocument? {
        (try? run.files.read(path(of: server), limit: Self.sizeLimit)).flatMap { SchemaDocument(json: $0) }
    }

    /// Keeps the schema of a server, unless that was done within the last day; failures are ignored.
    func refresh(from client: APIClient, until deadline: ContinuousClock.Instant) async {
        let path = path(of: client.kubeconfig.server)
        if let location = try? run.files.location(ofWritten: path),
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
            .keep(bytes, as: name(of: client.kubeconfig.server), in: run.cacheDirectory)
    }

    private func path(of server: String) -> String { "\(run.cacheDirectory)/\(name(of: server))" }

    private func name(of server: String) -> String { "openapi-\(sha256(Array(server.utf8)))" }
}
