import Base
import Host
import Kubernetes
import Planning

/// The files in a task's cache directory with which a run recognises what has not changed.
struct UnchangedStore {
    private let run: RunEnvironment
    private let directory: String

    private static let (verifiedName, indexName) = ("verified", "manifests")

    /// The maximum size of a file in bytes.
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

    /// Returns the index of the manifests that earlier runs have read, empty if it cannot be read.
    func manifestIndex() -> ManifestIndex {
        ManifestIndex(
            text: try? run.files.read("\(directory)/\(Self.indexName)", limit: Self.sizeLimit),
            program: Machine.builtCommit ?? ""
        )
    }

    /// Saves the index if it has changed.
    ///
    /// - Throws: ``Base/SystemError`` if the file cannot be written, in which case the next run only takes longer.
    func keep(_ index: ManifestIndex) throws(SystemError) {
        guard let text = index.text, text.count <= Self.sizeLimit else { return }
        try run.files.keep(text, as: Self.indexName, in: directory)
    }
}
