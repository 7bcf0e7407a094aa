import Base
import HTTP
import Host
import Kubernetes
import TLS
import YAML

/// Everything that was seen of a node, from which ``diagnose(_:)`` draws its conclusions.
struct Facts: Sendable {
    var now = Timestamp.now()
    /// Whether the facts are of the machine on which this program runs, rather than of files below a root directory.
    var isThisMachine = true
    /// Whether systemd was asked for the units.
    var areUnitsKnown = false
    /// The name with which the kubelet registers.
    var nodeName = ""
    var machine = MachineFacts()
    var kubelet = KubeletFacts()
    var runtime = RuntimeFacts()
    var network = NetworkFacts()
    var server = ServerFacts()
    var cluster = ClusterFacts()
    var unseen: [Unseen] = []
}

/// A stage on the way from a machine to a node that runs pods, in the order in which each depends on those before.
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

/// Something that could not be looked at, and why.
public struct Unseen: Sendable, Hashable {
    public var area: Area
    /// The subject, such as `journal of kubelet.service`.
    public var subject: String
    public var reason: String

    public init(_ area: Area, _ subject: String, _ reason: String) {
        (self.area, self.subject, self.reason) = (area, subject, reason)
    }
}

/// The kernel, the disks and the name of a machine.
struct MachineFacts: Sendable {
    var hostName = ""
    /// The content of `/etc/machine-id`, `nil` if it cannot be read.
    var machineID: String?
    /// Whether control groups are mounted.
    var hasControlGroups = true
    /// The files and devices that the kernel swaps to.
    var swapAreas: [String] = []
    /// The file systems of the directories that a node writes.
    var volumes: [(path: String, space: FreeSpace)] = []
    /// The values of kernel settings by their names; without those that the kernel lacks.
    var settings: [String: String] = [:]
    /// The first line of `/etc/hosts` with the server's name, as `ADDRESS by /etc/hosts:LINE`.
    var hostEntry: String?
}

/// A service of systemd, as `systemctl show` describes it.
struct Service: Sendable {
    var load = "loaded"
    var active = "active"
    var sub = "running"
    /// Whether the unit is enabled, as systemd calls it; empty if it has no file.
    var file = "enabled"
    var result = "success"
    /// The exit status or signal of the program, `nil` if it has not ended.
    var status: Int?
    var restarts = 0
    var areConditionsMet = true

    var isRestarting: Bool { active == "activating" && (sub.hasPrefix("auto-restart") || restarts > 0) }
}

/// The last lines of a unit in the journal, the oldest first.
struct UnitLog: Sendable {
    /// The lines of the program since its last start, or of the start before it if that has ended with an error.
    var lines: [JournalLine] = []
    /// The lines of systemd about the unit.
    var manager: [String] = []
    /// Why there is nothing to read, `nil` if there is.
    var fault: String?
}

struct JournalLine: Sendable, Hashable {
    var text: String
    var time: Timestamp?
}

/// The kubelet of a node: its unit, process, flags and files.
struct KubeletFacts: Sendable {
    /// Whether the files of the kubelet were read.
    var isKnown = true
    /// The name of the unit, such as `kubelet.service` or `k3s-agent.service`.
    var unitName = "kubelet.service"
    /// The file of the unit, `nil` if there is none.
    var unitPath: String?
    /// The state of the unit, `nil` if systemd could not be asked.
    var service: Service?
    var log = UnitLog()
    /// The running kubelet, with the seconds since its start; `nil` if there is none.
    var process: RunningProcess?
    /// The program of the process or the unit, `nil` if neither is known.
    var program: String?
    /// Why the program cannot be started, `nil` if nothing is wrong with it.
    var programFault: String?
    var version: String?
    /// The arguments without the program, of the process or else of the unit, with the file that sets them.
    var arguments: [(text: String, file: String?)] = []
    /// The files that `EnvironmentFile=` of the unit needs and that do not exist.
    var missingEnvironmentFiles: [String] = []
    var configuration = FileFact()
    /// The files of `--config-dir`, of which the later replace settings of the earlier and of the file.
    var dropIns: [FileFact] = []
    var kubeconfig = KubeconfigFact()
    /// The kubeconfig with which the kubelet asks for its first certificate.
    var bootstrap = KubeconfigFact()
    var staticPods = StaticPodFacts()
    /// The answer of the kubelet's own health check, `nil` if it was not asked.
    var health: Health?
    /// The other processes at the kubelet's ports, as `process 7 ('nginx')`.
    var portHolders: [Int: String] = [:]

    /// Whether the kubelet is a part of k3s or RKE2.
    var isK3s: Bool { unitName.hasPrefix("k3s") || unitName.hasPrefix("rke2") }

    enum Health: Sendable, Hashable {
        case healthy
        case unhealthy(String)
        case refused
        case silent
    }
}

struct RunningProcess: Sendable {
    var identifier: Int
    /// The seconds since its start.
    var age: Int64
    var program: String?
    var arguments: [String] = []
}

/// A file of settings that was read, or why it was not.
struct FileFact: Sendable {
    /// The path, `nil` if no setting names one.
    var path: String?
    var root: Node?
    /// Why the file cannot be used.
    var fault: String?
    /// The line and column of the fault, such as `:3:1`.
    var place = ""
    /// Whether this user may not read the file.
    var isDenied = false
}

/// A kubeconfig with its certificates, or why it cannot be used.
struct KubeconfigFact: Sendable {
    /// The path, `nil` if no flag names one.
    var path: String?
    var exists = false
    var kubeconfig: Kubeconfig?
    /// The credentials, `nil` if they cannot be used.
    var credentials: Credentials?
    /// The client certificate, also if it is not valid now.
    var certificate: Certificate?
    /// The file of the client certificate.
    var certificatePath: String?
    var authorities: [Certificate] = []
    var fault: String?
    var place = ""
    /// Whether this user may not read the file or the key.
    var isDenied = false
    /// Whether the file has a setting that a kubelet accepts and this program does not.
    var isForeign = false
}

/// The manifests of static pods.
struct StaticPodFacts: Sendable {
    /// The directory or file, `nil` if no setting names one.
    var path: String?
    /// The manifests by path.
    var files: [String: Node?] = [:]
    /// The manifests that cannot be used, by path and position, with the reasons.
    var faults: [(place: String, reason: String)] = []
    /// The files that flags of the manifests name, with why they cannot be used.
    var badFiles: [(path: String, manifest: String, reason: String)] = []
    /// Whether this node has the certificates of a control plane of kubeadm.
    var isControlPlane = false

    /// Returns whether a manifest is that of a component, such as `etcd`.
    func has(_ name: String) -> Bool { files.keys.contains { $0.pathParts.last?.hasPrefix(name) == true } }

    /// Whether the API server of the manifests uses an etcd of its own node.
    var hasLocalStore: Bool {
        let server = files.first { $0.key.contains("kube-apiserver") }?.value
        return server?.strings.contains { $0.hasPrefix("--etcd-servers=") && $0.contains("127.0.0.1") } == true
    }
}

/// The program that runs containers.
struct RuntimeFacts: Sendable {
    /// The socket that the kubelet is configured to use.
    var endpoint = "unix:///run/containerd/containerd.sock"
    /// The setting that names the socket, `nil` if it is the default.
    var setting: String?
    /// The states of units of known container runtimes that are installed, by name.
    var services: [String: Service] = [:]
    var log = UnitLog()
    /// The answer at the socket, `nil` if it was not asked.
    var answer: Answer?
    /// The names of the container runtimes that answer at other sockets, by path.
    var others: [String: String] = [:]
    /// The known programs that exist, such as `/usr/bin/containerd`.
    var programs: [String] = []
    /// The configuration of containerd, `nil` if there is no file.
    var containerd: ContainerdFacts?

    enum Answer: Sendable, Hashable {
        case version(name: String, version: String, conditions: [Condition])
        /// A program answers that does not have the Container Runtime Interface.
        case withoutInterface
        /// Connections are accepted, and nothing is answered.
        case silent
        case missing, refused, denied
        case failed(String)
    }

    /// A condition that a runtime reports: `RuntimeReady` or `NetworkReady`.
    struct Condition: Sendable, Hashable {
        var type: String
        var isTrue: Bool
        var message = ""
    }

    var version: (name: String, version: String)? {
        if case .version(let name, let version, _) = answer { (name, version) } else { nil }
    }

    func condition(_ type: String) -> Condition? {
        guard case .version(_, _, let conditions) = answer else { return nil }
        return conditions.first { $0.type == type }
    }

    /// The path of the socket, `nil` if the endpoint is of another kind.
    var socketPath: String? {
        endpoint.hasPrefix("unix://") ? String(endpoint.dropFirst(7)) : endpoint.isAbsolutePath ? endpoint : nil
    }

    /// The name of the runtime's unit, without its suffix.
    var unitName: String {
        for (word, name) in [("crio", "crio"), ("cri-dockerd", "cri-docker")] where endpoint.contains(word) {
            return name
        }
        return "containerd"
    }

    var service: Service? { services[unitName] }
}

/// The settings of containerd that concern a kubelet.
struct ContainerdFacts: Sendable {
    var path: String
    /// Whether settings are unknown, because the file imports others or cannot be read.
    var isIncomplete = false
    /// The name in `disabled_plugins` of the Container Runtime Interface, `nil` if it is not disabled.
    var disabledInterface: String?
    /// `SystemdCgroup` of runc, `nil` if it is not set.
    var usesSystemd: Bool?
    var networkDirectory: String?
    var pluginDirectories: [String] = []
    /// The socket of the table `grpc`.
    var address: String?
}

/// The files of the network of pods.
struct NetworkFacts: Sendable {
    /// Whether the files were read.
    var isKnown = true
    var directory = "/etc/cni/net.d"
    var pluginDirectories = ["/opt/cni/bin"]
    /// The configurations in the order in which a runtime looks at them: it uses the first.
    var configurations: [Configuration] = []
    /// Why the directory cannot be read, `nil` if it can or does not exist.
    var fault: String?

    struct Configuration: Sendable {
        var path: String
        /// Why the file is invalid, `nil` if it is not.
        var fault: String?
        var types: [String] = []
        /// The plug-ins whose programs cannot be run, with the reasons.
        var missing: [(type: String, reason: String)] = []
    }
}

/// The answers of the API server to the kubelet's credentials.
struct ServerFacts: Sendable {
    /// The server's URL, `nil` if no kubeconfig names one.
    var url: String?
    /// The file that names the server.
    var source = "the kubeconfig"
    /// Why there was no answer, `nil` if there was one.
    var fault: TransportError?
    var readyStatus: Int?
    /// The checks of `/readyz` that failed.
    var failedChecks: [String] = []
    /// The seconds of the server's clock ahead of this one.
    var clockDifference: Int64?
    var version: String?
    /// The status of a request with the kubelet's credentials, and the server's words.
    var identityStatus: Int?
    var identityMessage = ""
    /// Whether the bootstrap user may ask for a certificate, `nil` if it was not asked.
    var mayRequestCertificate: Bool?
    /// The last errors of etcd and the API server by their names, if they are pods of this node.
    var podErrors: [(name: String, error: String)] = []
}

/// The objects of the node in the cluster.
struct ClusterFacts: Sendable {
    /// Whether the server was asked for the Node and has answered.
    var isKnown = false
    var node: NodeObject?
    /// The pods on this node that do not run.
    var pods: [PodObject] = []
    /// The seconds since the node's Lease was renewed.
    var leaseAge: Int64?

    struct NodeObject: Sendable {
        var conditions: [String: (status: String, message: String)] = [:]
        var taints: [(key: String, effect: String)] = []
        var isUnschedulable = false
        var machineID: String?
        var kubeletVersion: String?
    }

    struct PodObject: Sendable {
        /// The namespace and name, such as `kube-system/calico-node-x`.
        var name: String
        /// The reason, such as `ImagePullBackOff`.
        var reason: String
        var message = ""
        var image: String?
        /// The name of the container that fails.
        var container: String?
        /// The paths of this node that the pod mounts.
        var hostPaths: [String] = []
    }
}
