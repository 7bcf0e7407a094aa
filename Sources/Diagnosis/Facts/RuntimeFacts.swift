import Base
public import Host

/// The program that runs containers.
public struct RuntimeFacts: Sendable {
    /// The socket that the kubelet is configured to use.
    public var endpoint = RuntimeFacts.usualEndpoint

    /// The setting that names the socket, `nil` if it is the default.
    public var setting: String?

    /// Whether the directories of programs and sockets were looked at.
    public var isKnown = true

    /// Whether systemd was asked for the units.
    public var areUnitsKnown = true

    /// The units of known container runtimes that are installed, by name.
    public var units: [UnitDetails] = []

    /// The answer at the socket, `nil` if it was not asked.
    public var answer: Answer?

    /// The kind of the file in the place of the socket if it is no socket, such as `directory`.
    public var otherFile: String?

    /// The known sockets that exist.
    public var sockets: [String] = []

    /// The names of the container runtimes that answer at other sockets, by path.
    public var others: [String: String] = [:]

    /// The known programs that exist, such as `/usr/bin/containerd`.
    public var programs: [String] = []

    /// Whether `runc` or another program that starts containers was found in the usual directories.
    public var lowLevelProgram: String?

    /// Why that program cannot be started, `nil` if nothing is wrong with it.
    public var lowLevelFault: ProgramFile.Fault?

    /// The configuration of containerd, `nil` if there is no file.
    public var containerd: ContainerdConfiguration?

    /// The settings of the files of its unit.
    public var unitFile = UnitFileFacts()

    /// The last lines of the journal, the oldest first.
    public var lines: [JournalLine] = []

    /// The last lines of systemd about its unit, the oldest first.
    public var managerLines: [String] = []

    public static let usualEndpoint = "unix:///run/containerd/containerd.sock"

    /// The path of the socket, `nil` if the endpoint is of another kind.
    public var socketPath: String? {
        if endpoint.hasPrefix("unix://") { return String(endpoint.dropFirst("unix://".count)) }
        return endpoint.isAbsolutePath ? endpoint : nil
    }

    /// The answer of a container runtime.
    public enum Answer: Sendable, Hashable {
        /// The Container Runtime Interface is spoken there.
        case version(name: String, version: String, conditions: [Condition])
        /// A program answers that does not have the interface.
        case withoutInterface
        /// Connections are accepted, and nothing is answered.
        case silent
        /// No socket.
        case missing
        /// Nothing accepts connections.
        case refused
        /// This user may not connect.
        case denied
        /// Another error, with its reason.
        case failed(String)
    }

    /// A condition that a runtime reports: `RuntimeReady` or `NetworkReady`.
    public struct Condition: Sendable, Hashable {
        public var type: String
        public var isTrue: Bool
        public var reason: String
        public var message: String

        public init(type: String, isTrue: Bool, reason: String = "", message: String = "") {
            (self.type, self.isTrue, self.reason, self.message) = (type, isTrue, reason, message)
        }
    }

    /// The name and version of the runtime, if it answers.
    public var version: (name: String, version: String)? {
        if case .version(let name, let version, _) = answer { return (name, version) }
        return nil
    }

    /// The conditions that the runtime reports.
    public var conditions: [Condition] {
        if case .version(_, _, let conditions) = answer { return conditions }
        return []
    }

    public init() {}
}

/// The settings of containerd that concern a kubelet.
public struct ContainerdConfiguration: Sendable, Hashable {
    public var path: String
    /// Whether settings are unknown, because the file imports others or cannot be read.
    public var isIncomplete = false
    /// The name in `disabled_plugins` of the Container Runtime Interface, `nil` if it is not disabled.
    public var disabledInterface: String?
    /// Whether runc's containers are in groups that systemd manages, one value for each table of runc that says so.
    public var groupSettings: [Bool] = []
    public var configurationDirectory: String?
    public var pluginDirectories: [String] = []
    /// The settings that are texts, in the order of the file.
    public var settings: [Setting] = []

    /// A setting with its line.
    public struct Setting: Sendable, Hashable {
        /// The table, such as `[grpc]`, empty above all tables.
        public var table: String
        public var key: String
        public var value: String
        public var line: Int

        public init(_ key: String, _ value: String, line: Int, in table: String = "") {
            (self.key, self.value, self.line, self.table) = (key, value, line, table)
        }
    }

    public init(path: String) {
        self.path = path
    }
}
