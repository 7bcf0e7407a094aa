import Base

/// The cluster that a node belongs to.
public struct ClusterDeclaration: Sendable, Hashable {
    /// The cluster's name, if the task file sets it.
    public var name: String?

    /// The file of the CA that signs the API server's certificate.
    public var certificateAuthority: LocatedPath?

    /// The time before its expiry from which a certificate causes a warning, `nil` for a share of its validity.
    public var warnBefore: Duration?

    /// The API server's URL for each role.
    public var servers: [String: LocatedPath] = [:]

    /// The API server's URL for roles that are not in ``servers``.
    public var server: LocatedPath?

    /// The rule that chooses this node's address, if the task file has one.
    public var addressRule: AddressRule?

    /// The address that the control planes share, if the task file sets it.
    var virtualAddress: IPAddress?

    /// The settings of the node's reports to the cluster, or `nil` if the node does not report its state.
    public var report: ReportDeclaration? = ReportDeclaration()

    /// Returns the API server's URL for a node with the given roles.
    ///
    /// The first role that has a URL decides; if none has one, the URL is ``server``.
    public func server(for roles: [String]) -> LocatedPath? {
        roles.lazy.compactMap { servers[$0] }.first ?? server
    }
}

/// The settings of a node's reports of its state to the cluster.
public struct ReportDeclaration: Sendable, Hashable {
    /// The kubeconfig, or `nil` to use the kubelet's.
    public var kubeconfig: LocatedPath?

    /// The name of the Node, or `nil` for the name in the kubelet's certificate or else the host name.
    public var node: String?

    /// Creates the declaration of a node that reports with the kubelet's kubeconfig if one exists.
    public init() {}

    /// The paths of the kubelet's kubeconfig with kubeadm, k3s and RKE2.
    static let kubeletKubeconfigs = [
        "/etc/kubernetes/kubelet.conf", "/var/lib/rancher/k3s/agent/kubelet.kubeconfig",
        "/var/lib/rancher/rke2/agent/kubelet.kubeconfig",
    ]

    /// The prefix of the user names of kubelets.
    public static let kubeletUserPrefix = "system:node:"

    /// Returns the paths at which the kubeconfig may exist, in order of preference.
    ///
    /// - Parameter plan: The node's plan, in which a task may write the kubelet's kubeconfig.
    /// - Returns: The paths; only one path if the task file sets the kubeconfig.
    public func kubeconfigs(_ plan: Plan) -> [String] {
        if let kubeconfig { return [kubeconfig.path] }
        let written = plan.steps.flatMap(\.task.footprint.writes)
            .filter { $0.kubeconfig?.user.hasPrefix(Self.kubeletUserPrefix) ?? false }.map(\.path.path)
        return (written + Self.kubeletKubeconfigs).unique()
    }
}
