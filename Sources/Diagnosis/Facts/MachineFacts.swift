public import Host

/// The kernel, the disks and the name of a machine.
public struct MachineFacts: Sendable {
    /// Whether the files of the machine were read.
    public var isKnown = true

    /// The host name of the machine, empty if it is not known.
    public var hostName = ""

    /// The content of `/etc/machine-id`, `nil` if it cannot be read.
    public var machineID: String?

    /// Whether `/etc/machine-id` does not exist.
    public var lacksMachineID = false

    /// The version of control groups, 0 if none is mounted.
    public var controlGroupVersion = 2

    /// The files and devices that the kernel swaps to.
    public var swapAreas: [String] = []

    /// The file systems of the directories that a node writes.
    public var volumes: [Volume] = []

    /// The kernel's settings by their names, such as `net.ipv4.ip_forward`; without those that the kernel lacks.
    public var settings: [String: String] = [:]

    /// The modules that networks and container runtimes use and that are neither loaded nor built in.
    public var missingModules: [String] = []

    /// The programs of the usual directories that networks, volumes and the kubelet use and that exist.
    public var programs: Set<String> = []

    /// A directory that a node writes, with its file system.
    public struct Volume: Sendable, Hashable {
        public var path: String
        public var space: FreeSpace

        public init(path: String, space: FreeSpace) {
            (self.path, self.space) = (path, space)
        }
    }

    public init() {}
}
