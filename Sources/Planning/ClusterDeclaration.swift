import Base

/// The cluster that a node belongs to.
public struct ClusterDeclaration: Sendable, Hashable {
    public var name: String?

    /// The certificate of the CA that signs the API server's certificate.
    public var certificateAuthority: LocatedPath?

    /// The warning period before a certificate's expiry; if `nil`, a tenth of its validity but at most 30 days.
    public var warnBefore: Duration?

    /// The API server's URL by role; empty if the task file contains a single URL for all roles, or none.
    public var servers: [String: LocatedPath] = [:]

    /// The API server's URL for all roles, if the task file contains a single URL.
    var server: LocatedPath?

    public var addressRule: AddressRule?

    /// The address that the control planes share.
    var virtualAddress: IPAddress?

    /// The settings for the node's reports to the cluster, or `nil` if the node does not report.
    public var report: ReportDeclaration? = ReportDeclaration()

    /// Returns the API server's URL for the first role that has one, or else ``server``.
    public func server(for roles: [String]) -> LocatedPath? {
        roles.lazy.compactMap { servers[$0] }.first ?? server
    }
}

/// The settings for a node's reports to the cluster.
public struct ReportDeclaration: Sendable, Hashable {
    /// The kubeconfig; if `nil`, the kubelet's.
    public var kubeconfig: LocatedPath?

    /// The name of the Node; if `nil`, the one in the kubelet's certificate, or else the host name in lower case.
    public var node: String?

    public init() {}

    /// The paths of the kubelet's kubeconfig under kubeadm, k3s and RKE2.
    static let kubeletKubeconfigs = [
        "/etc/kubernetes/kubelet.conf", "/var/lib/rancher/k3s/agent/kubelet.kubeconfig",
        "/var/lib/rancher/rke2/agent/kubelet.kubeconfig",
    ]

    /// The prefix of kubelets' user names.
    public static let kubeletUserPrefix = "system:node:"

    /// Returns the path from the task file, or else the kubelet's possible kubeconfigs in order of preference.
    ///
    /// A kubelet's kubeconfig that a task of the plan writes comes before the usual paths.
    public func kubeconfigs(_ plan: Plan) -> [String] {
        if let kubeconfig { return [kubeconfig.path] }
        let written = plan.steps.flatMap(\.task.footprint.writes)
            .filter { $0.kubeconfig?.user.hasPrefix(Self.kubeletUserPrefix) ?? false }.map(\.path.path)
        return (written + Self.kubeletKubeconfigs).unique()
    }
}
