public import Host

/// The kernel, the disks and the name of a machine.
public struct MachineFacts: Sendable {
    /// The host name of the machine.
    public var hostName = ""

    /// The content of `/etc/machine-id`, `nil` if there is none.
    public var machineID: String?

    /// The version of control groups, 0 if none is mounted.
    public var controlGroupVersion = 2

    /// The files and devices that the kernel swaps to.
    public var swapAreas: [String] = []

    /// The file systems of the directories that a node writes.
    public var volumes: [Volume] = []

    /// The kernel's settings by their names, such as `net.ipv4.ip_forward`; without those that the kernel lacks.
    public var settings: [String: String] = [:]

    /// The modules that are loaded or built in.
    public var modules: Set<String> = []

    /// Whether the machine has an interface with an address, other than the loopback interface.
    public var hasAddress = true

    /// The interfaces that are down, or up without a carrier.
    public var silentInterfaces: [String] = []

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
