import Base

/// What a run has done that may change the traits of its API servers, or the definitions of their custom resources.
///
/// All clients of a run share it: the kubeconfigs of two tasks may be of the same server.
public final class TraitChanges: Sendable {
    /// The numbers of changes so far, each of which identifies the period since the last one.
    struct Generations: Sendable, Hashable {
        /// The changes of webhooks and policies.
        var admission = 0
        /// The changes of CustomResourceDefinitions.
        var definitions = 0
    }

    private let state = Locked(Generations())

    /// Creates the changes of a run that has done nothing yet.
    public init() {}

    /// The changes so far.
    var generations: Generations { state.withLock { $0 } }

    /// Records that a task has changed something: a program can do anything to a server, and a file can configure it.
    public func recordTask() {
        state.withLock { generations in
            generations.admission += 1
            generations.definitions += 1
        }
    }

    /// Records a request that may change an object, when it is sent and again when it has ended.
    func recordWrite(to path: String) {
        state.withLock { generations in
            if path.hasPrefix("/apis/admissionregistration.k8s.io/") { generations.admission += 1 }
            if path.hasPrefix("/apis/apiextensions.k8s.io/") { generations.definitions += 1 }
        }
    }
}
