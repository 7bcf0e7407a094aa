import Base
import Kubernetes
import Planning

/// What runs of a task keep of the objects that they have found unchanged, below the cache directory.
struct VerifiedObjectStore {
    private let run: RunEnvironment
    private let name: String

    /// The objects of a task are not more than this.
    private static let sizeLimit = 16 << 20

    init(_ context: ActionContext) {
        run = context.run
        name = "verified-\(context.task.name).json"
    }

    /// What earlier runs have kept; nothing if it cannot be read.
    func objects() -> VerifiedObjects {
        VerifiedObjects(json: try? run.files.read("\(run.cacheDirectory)/\(name)", limit: Self.sizeLimit))
    }

    /// Keeps what has changed; without it the next run only takes longer, so that failures are ignored.
    func keep(_ objects: VerifiedObjects) {
        guard let json = objects.json, json.count <= Self.sizeLimit else { return }
        try? run.files.keep(json, as: name, in: run.cacheDirectory)
    }
}
