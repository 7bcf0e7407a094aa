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

    /// The proxy that the unit's environment sets for connections to the API server, `nil` if there is none.
    public var proxy: EnvironmentProxy?

    /// The files that the unit's `EnvironmentFile=` needs and that do not exist.
    public var missingEnvironmentFiles: [String] = []

    /// The configuration file.
    public var configuration = ReadFileFact()

    /// The kubeconfig with which the kubelet connects to the API server.
    public var kubeconfig = KubeconfigFact()

    /// The kubeconfig with which the kubelet asks for its first certificate.
    public var bootstrap = KubeconfigFact()

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
