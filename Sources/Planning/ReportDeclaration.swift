/// How a node reports its state to the cluster.
public struct ReportDeclaration: Sendable, Hashable {
    /// The kubeconfig, `nil` for that of the kubelet.
    public var kubeconfig: LocatedPath?

    /// The name of the Node, `nil` for that of the kubelet's certificate, or else the host name.
    public var node: String?

    /// Creates a declaration; without arguments that of a node which reports as its kubelet, where there is one.
    public init(kubeconfig: LocatedPath? = nil, node: String? = nil) {
        self.kubeconfig = kubeconfig
        self.node = node
    }

    /// Where kubelets have their kubeconfigs: those of kubeadm, k3s and RKE2.
    static let kubeletKubeconfigs = [
        "/etc/kubernetes/kubelet.conf", "/var/lib/rancher/k3s/agent/kubelet.kubeconfig",
        "/var/lib/rancher/rke2/agent/kubelet.kubeconfig",
    ]

    /// The prefix of the user names of kubelets.
    public static let kubeletUserPrefix = "system:node:"

    /// The kubeconfigs of which the first that exists is used.
    ///
    /// - Parameter plan: The plan of the node: a task may write the kubeconfig of the kubelet.
    /// - Returns: The paths; only one if the task file says which.
    public func kubeconfigs(_ plan: Plan) -> [String] {
        if let kubeconfig { return [kubeconfig.path] }
        let written = plan.steps.compactMap { $0.task.verb.declaration as? KubeconfigDeclaration }
            .filter { $0.user.hasPrefix(Self.kubeletUserPrefix) }.map(\.path.path)
        var seen: Set<String> = []
        return (written + Self.kubeletKubeconfigs).filter { seen.insert($0).inserted }
    }
}
