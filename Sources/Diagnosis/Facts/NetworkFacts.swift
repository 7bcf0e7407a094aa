import Base

/// The files of the network of pods.
public struct NetworkFacts: Sendable {
    /// Whether the files were read.
    public var isKnown = true
    /// The directory of the configurations.
    public var directory = "/etc/cni/net.d"
    /// Whether the directory exists.
    public var hasDirectory = false
    /// Why files and directories cannot be read, by path; without those that do not exist.
    public var unreadable: [String: String] = [:]
    /// The setting that names the directory, `nil` if it is the default.
    public var setting: String?
    /// The directories of the plug-ins.
    public var pluginDirectories = ["/opt/cni/bin"]
    /// The configurations in the order in which a runtime looks at them: it uses the first.
    public var configurations: [Configuration] = []

    /// Configurations in other directories that networks use.
    public var otherFiles: [String] = []

    /// A configuration.
    public struct Configuration: Sendable, Hashable {
        public var path: String
        /// Whether the file was read.
        public var isKnown = true
        /// The name of the network.
        public var name = ""
        /// Why the file is invalid, `nil` if it is not.
        public var fault: String?
        /// The plug-ins that it names.
        public var plugins: [Plugin] = []

        public init(path: String) {
            self.path = path
        }
    }

    /// A plug-in that a configuration names.
    public struct Plugin: Sendable, Hashable {
        public var type: String
        /// The path of its program, `nil` if it is in none of the directories.
        public var path: String?
        /// Why the program cannot be run, `nil` if it can.
        public var fault: String?
        /// The path of its program in a usual directory that the container runtime does not use.
        public var elsewhere: String?

        public init(type: String, path: String?, fault: String? = nil, elsewhere: String? = nil) {
            (self.type, self.path, self.fault, self.elsewhere) = (type, path, fault, elsewhere)
        }
    }

    public init() {}
}
