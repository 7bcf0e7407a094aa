public import Base
public import YAML

/// Whether an object's controller has done what its manifest asks for.
///
/// The rules are those of kstatus, the library behind `kubectl` rollouts in Flux and kpt:
/// https://github.com/kubernetes-sigs/cli-utils/tree/master/pkg/kstatus. Where they call an object current although
/// nothing runs yet, this is stricter: a DaemonSet for which no node is eligible, and a Job that has not completed.
public enum Readiness: Sendable, Hashable {
    /// The object matches its manifest, and its controller has done its work.
    case ready
    /// Something is still missing.
    case waiting(String)
    /// Its controller has given up; at a first boot the object may become ready nevertheless.
    case failed(String)

    /// Reads the readiness of an object.
    ///
    /// - Parameters:
    ///   - object: The object as the server returned it.
    ///   - type: Its type, which the items of a list do not say; `nil` if the object says it.
    ///   - minimumNodeCount: For how many nodes a DaemonSet must be meant before it can be ready.
    ///   - now: The clock, for how long a Pod may be without a node.
    public init(
        of object: Node,
        type: GroupVersionKind? = nil,
        minimumNodeCount: Int = 1,
        now: Timestamp = .now(),
    ) {
        let status = LiveObject(object, type: type, now: now)
        self =
            status.generic
            ?? status.byKind(minimumNodeCount: minimumNodeCount)
            ?? status.byReadyCondition
    }
}
