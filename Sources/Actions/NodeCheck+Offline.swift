import Base
import Planning

/// Files that are not there yet, or not on this machine because it is not the node.
extension NodeCheck {
    /// Whether a manifest is one of the node's own files, which are not on this machine.
    ///
    /// What is in the directory of the task file, or below it, comes with the task file, so it has to exist.
    func isAbsent(_ manifest: LocatedPath) -> Bool {
        guard isOffline, (try? run.files.exists(manifest.path)) != true else { return false }
        let directory = manifest.location.file.split(separator: "/").dropLast().map { "/\($0)" }.joined()
        return !manifest.path.hasPrefix("\(directory)/")
    }

    /// The manifests that are not checked, because they are only on the node.
    func absentManifests(_ manifests: ManifestSet) -> [LocatedPath] {
        manifests.sources.compactMap { source in
            guard case .path(let path) = source, producers.producer(of: path.path) == nil else { return nil }
            return isAbsent(path) ? path : nil
        }
    }

    /// Whether a path is not there yet, and the task runs after one that waits for it.
    func isAwaited(_ path: String, before task: PlannedTask) -> Bool {
        guard (try? run.files.exists(path)) == false else { return false }
        let awaiting = run.plan.steps.lazy.map(\.task).filter { task in
            task.footprint.reads.contains { $0.use == .awaited && $0.path.path == path }
        }
        guard awaiting.first != nil else { return false }
        let earlier = run.plan.allDependencies(of: task.name)
        return awaiting.contains { earlier.contains($0.name) }
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
