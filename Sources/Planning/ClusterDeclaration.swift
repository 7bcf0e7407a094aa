public import Base

/// The cluster that a node belongs to.
public struct ClusterDeclaration: Sendable, Hashable {
    /// The cluster's name, if the task file says one.
    public var name: String?

    /// The file of the CA that signs the API server's certificate.
    public var certificateAuthority: LocatedPath?

    /// The API server's URL by role.
    public var servers: [String: LocatedPath]

    /// The API server's URL for every role that ``servers`` does not name.
    public var server: LocatedPath?

    /// How the address of this node is chosen, if the task file says so.
    public var addressRule: AddressRule?

    /// The address that the control planes share, if the task file says one.
    public var virtualAddress: VirtualAddress?

    /// The ports at which nodes of a role are reached by other nodes.
    public var ports: [String: [PortRange]] = [:]

    /// How the node reports its state to the cluster, `nil` if it does not.
    public var report: ReportDeclaration? = ReportDeclaration()

    /// An address that moves between nodes.
    public struct VirtualAddress: Sendable, Hashable {
        public var address: IPAddress
        /// Where the task file has it.
        public var location: SourceLocation

        public init(_ address: IPAddress, at location: SourceLocation) {
            self.address = address
            self.location = location
        }
    }

    public init(
        name: String? = nil,
        certificateAuthority: LocatedPath? = nil,
        servers: [String: LocatedPath] = [:],
        server: LocatedPath? = nil,
    ) {
        self.name = name
        self.certificateAuthority = certificateAuthority
        self.servers = servers
        self.server = server
    }

    /// The ports at which a node with some roles is reached by other nodes, each range once.
    public func ports(for roles: [String]) -> [PortRange] {
        roles.flatMap { ports[$0] ?? [] }.unique()
    }

    /// The API server's URL, as a node with some roles reaches it: that of the first role that has one.
    public func server(for roles: [String]) -> LocatedPath? {
        roles.lazy.compactMap { servers[$0] }.first ?? server
    }
}

/// Ports of one protocol, as the task file writes them: `6443/tcp`, `2379-2380/tcp`.
public struct PortRange: Sendable, Hashable, CustomStringConvertible {
    /// A protocol that has ports.
    public enum Transport: String, Sendable, Hashable, CaseIterable {
        case tcp
        case udp
    }

    public let first: UInt16

    /// The last port, which may be the first.
    public let last: UInt16

    /// The protocol.
    public let transport: Transport

    public init(_ first: UInt16, _ last: UInt16, _ transport: Transport) {
        precondition(first <= last)
        (self.first, self.last, self.transport) = (first, last, transport)
    }

    /// Reads `PORT/PROTOCOL` or `FIRST-LAST/PROTOCOL`.
    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let transport = Transport(rawValue: String(parts[1])) else { return nil }
        let ends = parts[0].split(separator: "-", omittingEmptySubsequences: false).map { digits in
            digits.utf8.allSatisfy(\.isDigit) && !digits.hasPrefix("0") ? UInt16(digits) : nil
        }
        guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1], first <= last else {
            return nil
        }
        self.init(first, last, transport)
    }

    /// The range as the task file writes it.
    public var description: String { "\(first)\(last == first ? "" : "-\(last)")/\(transport.rawValue)" }
}

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
