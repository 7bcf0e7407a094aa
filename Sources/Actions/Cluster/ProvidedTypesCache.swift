import Base
import Kubernetes

/// A task, and the location of its manifest that defines a kind or namespace.
struct ProvidingTask: Sendable {
    /// The name of the task that applies the manifest.
    var task: String
    /// The location of the manifest.
    var location: SourceLocation
}

extension ProviderIndex<ProvidingTask> {
    /// Adds the kinds and namespaces that a task's manifests define.
    mutating func insert(_ manifests: [ManifestObject], of task: String) {
        for manifest in manifests { insert(manifest, as: ProvidingTask(task: task, location: manifest.location)) }
    }
}

/// A cache of the kinds and namespaces that the manifests of tasks define.
final class ProvidedTypesCache: Sendable {
    private let types = Locked<[String: ProviderIndex<ProvidingTask>]>([:])

    /// The kinds and namespaces that a task's manifests define, `nil` if they are not known yet.
    subscript(task: String) -> ProviderIndex<ProvidingTask>? {
        get { types.withLock { $0[task] } }
        set { types.withLock { $0[task] = newValue } }
    }
}
