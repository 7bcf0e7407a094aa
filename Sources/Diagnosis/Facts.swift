import Base
import HTTP
import Host
import Kubernetes

/// The observations from which ``diagnose(_:)`` draws its conclusions about a node.
struct Facts: Sendable {
    var now = Timestamp.now()
    /// Whether this machine is examined rather than files below a root directory.
    var isThisMachine = true
    var areUnitsKnown = false
    /// The name under which the kubelet registers, empty if it is not known.
    var nodeName = ""
    var machine = MachineFacts()
    var kubelet = KubeletFacts()
    var runtime = RuntimeFacts()
    var network = NetworkFacts()
    var server = ServerFacts()
    var cluster = ClusterFacts()
    var unseen: [Unseen] = []
}

/// A stage in the start of a node; the cases are in the order of the stages.
public enum Area: String, Sendable, Hashable, CaseIterable, Comparable {
    case machine
    case runtime = "container-runtime"
    case configuration = "kubelet-configuration"
    case kubelet, credentials
    case server = "api-server"
    case node
    case network = "cni"
    case pods

    public static func < (left: Self, right: Self) -> Bool {
        (allCases.firstIndex(of: left) ?? 0) < (allCases.firstIndex(of: right) ?? 0)
    }
}

/// A subject that was not examined, or only in part.
public struct Unseen: Sendable, Hashable {
    public var area: Area
    public var subject: String
    public var reason: String

    public init(_ area: Area, _ subject: String, _ reason: String) {
        (self.area, self.subject, self.reason) = (area, subject, reason)
    }
}

struct MachineFacts: Sendable {
    var hostName = ""
    var swapAreas: [String] = []
    var volumes: [(path: String, space: FreeSpace)] = []
    /// The kernel settings by name, without settings that the kernel lacks.
    var settings: [String: String] = [:]
}

/// A systemd service, as `systemctl show` describes it.
struct Service: Sendable {
    var load = "loaded"
    var active = "active"
    var sub = "running"
    var file = "enabled"
    var result = "success"
    /// The exit status or signal of the program, `nil` if it has not ended.
    var status: Int?
    var restarts = 0

    var isRestarting: Bool { active == "activating" && (sub.hasPrefix("auto-restart") || restarts > 0) }
}

/// The last journal lines about a unit, the oldest first.
struct UnitLog: Sendable {
    /// The program's lines from its last run, or from the run before if that run shows a more serious error.
    var lines: [JournalLine] = []
    /// The last lines that systemd wrote about the unit.
    var manager: [String] = []
    var fault: String?
}

struct JournalLine: Sendable, Hashable {
    var text: String
    var time: Timestamp?
}

struct KubeletFacts: Sendable {
    var isKnown = true
    /// The unit of k3s or RKE2, if one is installed; both include a kubelet.
    var foreignUnit: String?
    let unitName = "kubelet.service"
    var unitPath: String?
    var service: Service?
    var log = UnitLog()
    var process: RunningProcess?
    var program: String?
    /// The arguments of the process or, if none runs, of the unit, each with the file that sets it, if it is known.
    var arguments: [(text: String, file: String?)] = []
    var configuration = FileFact()
    var kubeconfig = KubeconfigFact()
    /// The kubeconfig with which the kubelet requests its first certificate.
    var bootstrap = KubeconfigFact()
    var staticPods = StaticPodFacts()
}

struct RunningProcess: Sendable {
    var age: Int64
    var program: String?
    var arguments: [String] = []
}

struct FileFact: Sendable {
    var path: String?
    var root: Node?
    var fault: String?
    /// The line and column of the fault, such as `:3:1`, empty if they are not known.
    var place = ""
    var isDenied = false
}

struct KubeconfigFact: Sendable {
    var path: String?
    var exists = false
    var kubeconfig: Kubeconfig?
    var credentials: Credentials?
    /// The client certificate, even if it is not valid now.
    var certificate: Certificate?
    var certificatePath: String?
    var authorities: [Certificate] = []
    var fault: String?
    var place = ""
    var isDenied = false
    /// Whether the file contains `exec`, `auth-provider`, `username` or `insecure-skip-tls-verify: true`.
    var isForeign = false
}

struct StaticPodFacts: Sendable {
    var path: String?
    var files: [String] = []
    /// The manifests that cannot be used; a place is a path, followed by the line and column if they are known.
    var faults: [(place: String, reason: String)] = []
    /// The expired certificates of the control plane on this node.
    var expiredCertificates: [(path: String, reason: String)] = []
    /// Whether this node has the API server certificate that kubeadm creates on a control plane.
    var isControlPlane = false

    /// Returns whether there is a manifest whose file name begins with the name of a component, such as `etcd`.
    func has(_ name: String) -> Bool { files.contains { $0.pathParts.last?.hasPrefix(name) == true } }
}

struct RuntimeFacts: Sendable {
    var endpoint = "unix:///run/containerd/containerd.sock"
    var setting: String?
    var services: [String: Service] = [:]
    var log = UnitLog()
    var answer: Answer?
    /// The other usual runtime sockets at which a program listens, examined only if the endpoint is not reached.
    var others: [String] = []
    var containerd: ContainerdFacts?

    enum Answer: Sendable, Hashable {
        case connected, missing, refused, denied
    }

    /// The path of the socket, `nil` if the endpoint is not a Unix domain socket.
    var socketPath: String? {
        endpoint.hasPrefix("unix://") ? String(endpoint.dropFirst(7)) : endpoint.isAbsolutePath ? endpoint : nil
    }

    /// The name of the runtime's unit without `.service`, derived from the endpoint.
    var unitName: String {
        for (word, name) in [("crio", "crio"), ("cri-dockerd", "cri-docker")] where endpoint.contains(word) {
            return name
        }
        return "containerd"
    }

    var service: Service? { services["\(unitName).service"] }
}

/// The containerd settings that concern a kubelet.
struct ContainerdFacts: Sendable {
    var path: String
    /// Whether some settings are unknown because the file imports others or cannot be read.
    var isIncomplete = false
    /// The name of the CRI plugin in `disabled_plugins`, `nil` if the plugin is not disabled.
    var disabledInterface: String?
    /// The value of `SystemdCgroup` for runc, `nil` if it is not set.
    var usesSystemd: Bool?
    var networkDirectory: String?
    var pluginDirectories: [String] = []
}

struct NetworkFacts: Sendable {
    var isKnown = true
    var directory = "/etc/cni/net.d"
    var pluginDirectories = ["/opt/cni/bin"]
    /// The configurations in the order of their names; a runtime uses the first one.
    var configurations: [Configuration] = []
    /// The reason why the directory cannot be read, `nil` if it can be read or does not exist.
    var fault: String?

    struct Configuration: Sendable {
        var path: String
        var fault: String?
        var types: [String] = []
        /// The plugins whose programs cannot be run, with the reasons.
        var missing: [(type: String, reason: String)] = []
    }
}

/// The state of the API server, and its response to the kubelet's credentials.
struct ServerFacts: Sendable {
    var url: String?
    var source = "the kubeconfig"
    var fault: TransportError?
    var readyStatus: Int?
    var failedChecks: [String] = []
    /// The number of seconds by which the server's clock is ahead of this machine's clock; negative if it is behind.
    var clockDifference: Int64?
    var version: String?
    /// The HTTP status of the first request with the kubelet's credentials.
    var identityStatus: Int?
    var identityMessage = ""
    /// The last errors of this node's etcd and API server, read only if the kubelet's server refuses connections.
    var podErrors: [(name: String, error: String)] = []
}

/// The Node and its pods that need attention.
struct ClusterFacts: Sendable {
    /// Whether the server sent the Node, or responded that it does not exist.
    var isKnown = false
    var node: NodeObject?
    var pods: [PodObject] = []
    var leaseAge: Int64?

    struct NodeObject: Sendable {
        var conditions: [String: (status: String, message: String)] = [:]
        var isUnschedulable = false
        var kubeletVersion: String?
        /// The runtime with its version, such as `containerd://2.1.0`.
        var runtimeVersion: String?
    }

    struct PodObject: Sendable {
        var name: String
        var reason: String
        var message = ""
        var image: String?
        var hostPaths: [String] = []
        var uid = ""
    }
}
