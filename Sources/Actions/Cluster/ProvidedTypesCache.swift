import Base
import Kubernetes

/// A task with the manifest that defines a kind or namespace.
struct ProvidingTask: Sendable {
    /// The task that applies it.
    var task: String
    /// Where it is.
    var location: SourceLocation
}

extension ProviderIndex<ProvidingTask> {
    /// Adds what a task's manifests define.
    mutating func insert(_ manifests: [ManifestObject], of task: String) {
        for manifest in manifests { insert(manifest, as: ProvidingTask(task: task, location: manifest.location)) }
    }
}

/// The kinds that the manifests of tasks define, as needed in a run.
final class ProvidedTypesCache: Sendable {
    private let types = Locked<[String: ProviderIndex<ProvidingTask>]>([:])

    /// The kinds that the manifests of a task define, `nil` if they are not known yet.
    subscript(task: String) -> ProviderIndex<ProvidingTask>? {
        get { types.withLock { $0[task] } }
        set { types.withLock { $0[task] = newValue } }
    }
}
