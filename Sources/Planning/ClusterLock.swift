/// The Lease that keeps a task from running on two nodes of the cluster at a time.
public struct ClusterLock: Sendable, Hashable {
    /// The kubeconfig of the API server that has the Lease.
    public var kubeconfig: LocatedPath

    /// The namespace of all Leases, which every cluster has.
    public static let namespace = "kube-system"

    /// Returns the name of the Lease that all nodes share for a task.
    public static func leaseName(ofTask task: String) -> String { "nest-bootstrap-\(task)" }
}
