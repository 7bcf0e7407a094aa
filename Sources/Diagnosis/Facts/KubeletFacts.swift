public import Base
public import HTTP
public import Host
public import Kubernetes
public import YAML

/// The kubelet of a node: its unit, process, flags, files, and its own words.
public struct KubeletFacts: Sendable {
    /// Whether the files of the kubelet were read.
    public var isKnown = true

    /// The name of the unit, such as `kubelet.service` or `k3s-agent.service`.
    public var unitName = "kubelet.service"

    /// The state of the unit, `nil` if systemd could not be asked.
    public var unit: UnitDetails?

    /// The file of the unit, `nil` if there is none.
    public var unitPath: String?

    /// The running kubelet, `nil` if there is none.
    public var process: RunningProcess?

    /// The program of the unit or the process, `nil` if neither is known.
    public var program: String?

    /// Whether the program does not exist.
    public var isProgramMissing = false

    /// Why the program cannot be started, `nil` if nothing is wrong with it.
    public var programFault: ProgramFile.Fault?

    /// The version, such as `v1.36.2`, `nil` if it is not known.
    public var version: String?

    /// The arguments of the process, or else those of the unit, without the program.
    public var arguments: [String] = []

    /// The files of the unit in which the arguments are written, by the names of flags without dashes.
    public var argumentSources: [String: SettingSource] = [:]

    /// The proxy that the kubelet's environment sets for connections to the API server, `nil` if there is none.
    public var proxy: EnvironmentProxy?

    /// The file of the unit that sets the proxy, `nil` if another place does.
    public var proxySource: SettingSource?

    /// The files that the unit's `EnvironmentFile=` needs and that do not exist.
    public var missingEnvironmentFiles: [String] = []

    /// The settings of the unit's files.
    public var unitFile = UnitFileFacts()

    /// The configuration file.
    public var configuration = ReadFileFact()

    /// The settings that name a file that cannot be used.
    public var namedFiles: [NamedFileFault] = []

    /// The kubeconfig with which the kubelet connects to the API server.
    public var kubeconfig = KubeconfigFact()

    /// The kubeconfig with which the kubelet asks for its first certificate.
    public var bootstrap = KubeconfigFact()

    /// The manifests of the pods that the kubelet runs without an API server.
    public var staticPods = StaticPodFacts()

    /// The answer of the kubelet's own health check, `nil` if it was not asked.
    public var health: Health?

    /// The processes at the kubelet's ports, by port.
    public var portHolders: [Int: PortHolder] = [:]

    /// The last lines of the journal, the oldest first.
    public var lines: [JournalLine] = []

    /// The last lines of systemd about the unit, the oldest first.
    public var managerLines: [String] = []

    /// Whether the kubelet is a part of k3s or RKE2.
    public var isK3s: Bool { unitName.hasPrefix("k3s") || unitName.hasPrefix("rke2") }

    /// A running process.
    public struct RunningProcess: Sendable, Hashable {
        public var identifier: Int32
        /// The time since its start.
        public var age: Duration

        public init(identifier: Int32, age: Duration) {
            (self.identifier, self.age) = (identifier, age)
        }
    }

    /// The answer of a health check.
    public enum Health: Sendable, Hashable {
        case healthy
        /// The check has failed, with the text of the answer.
        case unhealthy(String)
        /// Nothing listens at the port.
        case refused
        /// No answer in time.
        case silent
    }

    /// A process that listens at a port.
    public struct PortHolder: Sendable, Hashable {
        public var process: Int32
        public var name: String

        public init(process: Int32, name: String) {
            (self.process, self.name) = (process, name)
        }
    }

    public init() {}
}

/// A file of a unit in which a flag or a variable is set.
public struct SettingSource: Sendable, Hashable {
    public var path: String
    /// Whether it is a unit file or a drop-in, which systemd reads again only when it is asked to.
    public var isUnit: Bool

    public init(_ path: String, isUnit: Bool) {
        (self.path, self.isUnit) = (path, isUnit)
    }
}

/// The manifests of static pods.
public struct StaticPodFacts: Sendable, Hashable {
    /// The directory or file, `nil` if no setting names one.
    public var path: String?
    /// Whether the directory or file does not exist.
    public var isMissing = false
    /// The paths of the manifests.
    public var files: [String] = []
    /// The times at which the manifests were last written, by path.
    public var modified: [String: Timestamp] = [:]
    /// The paths of the manifests by the names of their pods.
    public var names: [String: String] = [:]
    /// The manifests that cannot be used, with the reasons, by path and position.
    public var faults: [Fault] = []

    /// A manifest that cannot be used.
    public struct Fault: Sendable, Hashable {
        public var path: String
        /// The line and column, such as `:3:1`, empty if they are not known.
        public var place: String
        public var reason: String

        public init(path: String, place: String = "", reason: String) {
            (self.path, self.place, self.reason) = (path, place, reason)
        }
    }

    /// Whether an API server is one of the pods.
    public var hasServer: Bool { files.contains { $0.pathParts.last?.hasPrefix("kube-apiserver") == true } }

    public init() {}
}

/// A setting that names a file that cannot be used.
public struct NamedFileFault: Sendable, Hashable {
    /// The key in the configuration file, or the name of the flag without dashes.
    public var key: String
    /// The flag that names the file, `nil` if the configuration file does.
    public var flag: String?
    /// The line of the configuration file.
    public var line: Int?
    /// The path of the file.
    public var path: String
    /// The fault of the file, such as `does not exist`.
    public var reason: String

    public init(key: String, flag: String? = nil, line: Int? = nil, path: String, reason: String) {
        (self.key, self.flag, self.line, self.path, self.reason) = (key, flag, line, path, reason)
    }
}

/// A configuration file that was read, or why it was not.
public struct ReadFileFact: Sendable {
    /// The path, `nil` if no setting names one.
    public var path: String?
    /// The content, `nil` if it cannot be read.
    public var root: Node?
    /// The files of `--config-dir`, of which the later replace settings of the earlier and of the file.
    public var dropIns: [Node] = []
    /// Why the files of `--config-dir` are not known, `nil` if they are or there are none.
    public var dropInFault: String?
    /// Why the file cannot be read or is invalid.
    public var problem: Problem?
    /// Whether this user may not read the file, which another may.
    public var isDenied = false

    public init() {}
}

/// A kubeconfig that was read with its credentials, or why it was not.
public struct KubeconfigFact: Sendable {
    /// The path, `nil` if no flag names one.
    public var path: String?
    /// Whether the file exists.
    public var exists = false
    /// Whether the file was read and has no content.
    public var isEmpty = false
    /// The kubeconfig, `nil` if it cannot be read.
    public var kubeconfig: Kubeconfig?
    /// The PEM of the CA without white space, `nil` if the file names none or it cannot be read.
    public var authority: [UInt8]?
    /// The credentials, `nil` if they cannot be used.
    public var credentials: Credentials?
    /// Why the file or its credentials cannot be used.
    public var problem: Problem?
    /// Whether this user may not read the file or the key, which another may.
    public var isDenied = false
    /// Whether the file has a setting that a kubelet accepts and this program does not.
    public var isForeign = false

    public init() {}
}

/// A line of the journal.
public struct JournalLine: Sendable, Hashable {
    /// The time, `nil` if it is not known.
    public var time: Timestamp?
    public var text: String

    public init(_ text: String, at time: Timestamp? = nil) {
        (self.text, self.time) = (text, time)
    }
}
