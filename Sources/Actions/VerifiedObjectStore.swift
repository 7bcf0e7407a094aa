import Base
import Kubernetes
import Planning

/// The file in the task's directory of the cache that lists the objects its runs have found unchanged.
struct VerifiedObjectStore {
    private let run: RunEnvironment
    private let directory: String

    private static let name = "verified.json"

    /// The objects of a task are not more than this.
    private static let sizeLimit = 16 << 20

    init(_ context: ActionContext) {
        run = context.run
        directory = "\(run.cacheDirectory)/\(context.task.name)"
    }

    /// What earlier runs have kept; nothing if it cannot be read.
    func objects() -> VerifiedObjects {
        VerifiedObjects(json: try? run.files.read("\(directory)/\(Self.name)", limit: Self.sizeLimit))
    }

    /// Keeps what has changed.
    ///
    /// - Throws: ``Base/SystemError`` if it cannot be written; then the next run only takes longer.
    func keep(_ objects: VerifiedObjects) throws(SystemError) {
        guard let json = objects.json, json.count <= Self.sizeLimit else { return }
        try run.files.keep(json, as: Self.name, in: directory)
    }
}
