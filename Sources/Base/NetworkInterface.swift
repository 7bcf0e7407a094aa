import Glibc

public struct NetworkInterface: Sendable, Hashable {
    public struct Address: Sendable, Hashable {
        /// The state of an address, which decides whether other machines can rely on the address.
        public enum State: Sendable, Hashable {
            /// Every IPv4 address, and an IPv6 address in none of the other states.
            case stable
            /// A privacy address of RFC 8981, which is replaced regularly.
            case temporary
            /// The address should not be used for new connections.
            case deprecated
            /// Duplicate address detection is running or has failed, so sockets cannot be bound to the address.
            case tentative
        }

        public var address: IPAddress

        public var state: State

        /// The addresses that the interface reaches without a gateway, or `nil` if the kernel reports no netmask.
        var subnet: AddressRange?

        public init(_ address: IPAddress, _ state: State = .stable, subnet: AddressRange? = nil) {
            self.address = address
            self.state = state
            self.subnet = subnet
        }
    }

    /// The name, such as `eth0`.
    public var name: String

    /// Whether the interface is administratively up.
    public var isUp: Bool

    /// Whether the interface can carry packets, for example because a cable is plugged in.
    public var isRunning: Bool

    /// The addresses in the kernel's order.
    public var addresses: [Address]

    public init(name: String, isUp: Bool, isRunning: Bool, addresses: [Address] = []) {
        self.name = name
        self.isUp = isUp
        self.isRunning = isRunning
        self.addresses = addresses
    }

    /// Returns whether the interface's name matches a pattern of `fnmatch(3)`.
    public func isNamed(_ pattern: String) -> Bool { isName(name, like: pattern) }
}
