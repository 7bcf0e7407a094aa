/// The Lease that keeps a task from running on two nodes of the cluster at the same time.
public struct ClusterLock: Sendable, Hashable {
    /// The kubeconfig for the API server that stores the Lease.
    public var kubeconfig: LocatedPath

    /// The namespace of the Leases of all locks, a namespace that exists in every cluster.
    public static let namespace = "kube-system"

    /// Returns the name of the Lease that all nodes share for a task.
    public static func leaseName(ofTask task: String) -> String { "nest-bootstrap-\(task)" }
}
