import Base
import Host
import Kubernetes
import Planning

/// The file in a task's cache directory with which a run recognises what has not changed.
struct UnchangedStore {
    private let run: RunEnvironment
    private let directory: String

    private static let verifiedName = "verified"

    /// The maximum size of the file in bytes.
    private static let sizeLimit = 16 << 20

    init(_ context: ActionContext) {
        run = context.run
        directory = "\(run.cacheDirectory)/\(context.task.name)"
    }

    /// Returns the objects that earlier runs have saved, or none if they cannot be read.
    func objects() -> VerifiedObjects {
        VerifiedObjects(text: try? run.files.read("\(directory)/\(Self.verifiedName)", limit: Self.sizeLimit))
    }

    /// Saves the objects if they have changed.
    ///
    /// - Throws: ``Base/SystemError`` if the file cannot be written, in which case the next run only takes longer.
    func keep(_ objects: VerifiedObjects) throws(SystemError) {
        guard let text = objects.text, text.count <= Self.sizeLimit else { return }
        try run.files.keep(text, as: Self.verifiedName, in: directory)
    }
}
