import Base

/// What a run has done that may change the traits of its API servers, or the definitions of their custom resources.
///
/// All clients of a run share it: the kubeconfigs of two tasks may be of the same server.
public final class TraitChanges: Sendable {
    /// The number of changes so far, `nil` once nothing may be cached for the rest of the run.
    private let count = Locked<Int?>(0)

    /// Creates the changes of a run that has done nothing yet.
    public init() {}

    /// Identifies the period since the last change, `nil` if nothing may be cached.
    var generation: Int? { count.withLock { $0 } }

    /// Records that a task has changed something: a program can do anything to a server, and a file can configure it.
    public func recordTask() {
        count.withLock { $0 = $0.map { $0 + 1 } }
    }

    /// Records a request that may change an object.
    ///
    /// A server obeys a new webhook, policy or definition only some moments later. Until then a dry run does not show its
    /// effect, so that for the rest of the run every object is asked about, and nothing is remembered.
    func recordWrite(to path: String) {
        guard Self.groups.contains(where: { path.hasPrefix("/apis/\($0)/") }) else { return }
        count.withLock { $0 = nil }
    }

    /// The groups of webhooks and policies, and of CustomResourceDefinitions.
    private static let groups = ["admissionregistration.k8s.io", "apiextensions.k8s.io"]
}
