public import PKI
public import YAML

/// Whether an object has become what its manifest asks for.
///
/// The rules are those of kstatus, the library behind `kubectl` rollouts in Flux and kpt:
/// https://github.com/kubernetes-sigs/cli-utils/tree/master/pkg/kstatus. Where they call an object current although
/// nothing runs yet, this is stricter: a DaemonSet for which no node is eligible, and a Job that has not completed.
public enum Readiness: Sendable, Hashable {
    /// The object is as described, and its controller has done its work.
    case ready
    /// Something is still to come.
    case waiting(String)
    /// Its controller says that it will not come by itself; at a first boot it may all the same.
    case failed(String)

    /// Reads the readiness of an object.
    ///
    /// - Parameters:
    ///   - object: The object as the server answers it.
    ///   - minimumNodeCount: For how many nodes a DaemonSet must be meant before it can be ready.
    ///   - now: The clock, for what a Pod may take until it has a node.
    public init(of object: Node, minimumNodeCount: Int = 1, now: Timestamp = .now()) {
        let status = LiveObject(object, now: now)
        self =
            status.generic
            ?? status.byKind(minimumNodeCount: minimumNodeCount)
            ?? status.byReadyCondition
    }
}
