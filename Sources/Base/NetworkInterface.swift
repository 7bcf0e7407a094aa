import Glibc

/// A network interface of a machine.
public struct NetworkInterface: Sendable, Hashable {
    /// An address of an interface.
    public struct Address: Sendable, Hashable {
        /// Whether others can rely on an address.
        public enum State: Sendable, Hashable {
            /// It stays until someone removes it.
            case stable
            /// It is replaced after some hours, so that the machine is not recognised by it.
            case temporary
            /// Nothing new should use it.
            case deprecated
            /// It is being checked for duplicates, or is one: nothing can be bound to it.
            case tentative
        }

        public var address: IPAddress

        /// Whether others can rely on it.
        public var state: State

        /// The addresses that the interface reaches without a gateway, `nil` if the kernel does not say.
        public var subnet: AddressRange?

        public init(_ address: IPAddress, _ state: State = .stable, subnet: AddressRange? = nil) {
            self.address = address
            self.state = state
            self.subnet = subnet
        }
    }

    /// The name, such as `eth0`.
    public var name: String

    /// Whether it was switched on.
    public var isUp: Bool

    /// Whether it can carry packets: a cable is plugged in, a network was joined.
    public var isRunning: Bool

    /// The addresses in the order of the kernel.
    public var addresses: [Address]

    public init(name: String, isUp: Bool, isRunning: Bool, addresses: [Address] = []) {
        self.name = name
        self.isUp = isUp
        self.isRunning = isRunning
        self.addresses = addresses
    }

    /// Returns whether the interface has a name.
    ///
    /// - Parameter pattern: The name, or a pattern as of `fnmatch(3)`: `*` matches any text.
    /// - Returns: Whether the name is that, or matches the pattern.
    public func isNamed(_ pattern: String) -> Bool { unsafe fnmatch(pattern, name, 0) == 0 }
}
