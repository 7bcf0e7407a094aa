public import Base

/// Everything that was seen of a node, from which ``diagnose(_:)`` draws its conclusions.
public struct Facts: Sendable {
    /// The clock of this machine when the facts were collected.
    public var now: Timestamp
    /// Whether the facts are of the machine on which this program runs, rather than of files below a root directory.
    public var isThisMachine = true
    public var machine: MachineFacts
    public var kubelet: KubeletFacts
    public var runtime: RuntimeFacts
    public var network: NetworkFacts
    public var server: ServerFacts
    public var cluster: ClusterFacts

    /// The things that could not be looked at.
    public var unseen: [Unseen]

    public init(now: Timestamp = .now()) {
        self.now = now
        machine = MachineFacts()
        kubelet = KubeletFacts()
        runtime = RuntimeFacts()
        network = NetworkFacts()
        server = ServerFacts()
        cluster = ClusterFacts()
        unseen = []
    }
}

/// Something that could not be looked at, and why.
public struct Unseen: Sendable, Hashable {
    /// The area to which it belongs.
    public var area: Area
    /// The subject, such as `journal of kubelet.service`.
    public var subject: String
    /// The reason, such as `permission denied`.
    public var reason: String

    public init(_ area: Area, _ subject: String, _ reason: String) {
        (self.area, self.subject, self.reason) = (area, subject, reason)
    }
}

/// A stage on the way from a machine to a node that runs pods, in the order in which each depends on those before.
public enum Area: String, Sendable, Hashable, CaseIterable, Comparable {
    /// The kernel, the disks and the name of the machine.
    case machine
    /// The program that runs containers, such as containerd.
    case runtime = "container-runtime"
    /// The unit, flags and files of the kubelet.
    case configuration = "kubelet-configuration"
    /// The running kubelet.
    case kubelet
    /// The certificate or token with which the kubelet identifies itself.
    case credentials
    /// The connection to the API server, and the server.
    case server = "api-server"
    /// The Node object.
    case node
    /// The network of pods.
    case network = "cni"
    /// The pods on the node.
    case pods

    /// The name in messages.
    public var title: String {
        switch self {
        case .machine: "machine"
        case .runtime: "container runtime"
        case .configuration: "kubelet's configuration"
        case .kubelet: "kubelet"
        case .credentials: "kubelet's credentials"
        case .server: "API server"
        case .node: "Node"
        case .network: "CNI"
        case .pods: "pods"
        }
    }

    public static func < (left: Self, right: Self) -> Bool {
        (allCases.firstIndex(of: left) ?? 0) < (allCases.firstIndex(of: right) ?? 0)
    }
}
