import Base
import Planning

/// What differs where this machine is not the node.
extension NodeCheck {
    /// Whether a manifest is one of the node's own files, which are not on this machine.
    ///
    /// What is in the directory of the task file, or below it, comes with the task file, so it has to exist.
    func isAbsent(_ manifest: LocatedPath) -> Bool {
        guard isOffline, (try? run.files.exists(manifest.path)) != true else { return false }
        let directory = manifest.location.file.pathParts.dropLast().map { "/\($0)" }.joined()
        return !isPath(manifest.path, below: directory)
    }

    /// The manifests that are not checked, because they are only on the node.
    func absentManifests(_ manifests: ManifestSet) -> [LocatedPath] {
        manifests.sources.compactMap { source in
            guard case .path(let path) = source, producers.producer(of: path.path) == nil else { return nil }
            return isAbsent(path) ? path : nil
        }
    }

    /// Returns the warning about a manifest that is not checked.
    static func unchecked(_ manifest: LocatedPath) -> Problem {
        Problem(
            "'\(manifest.path)' is not on this machine, so it is not checked",
            at: manifest.location,
            hint: "run 'nest-bootstrap check' on the node"
        )
    }
}
