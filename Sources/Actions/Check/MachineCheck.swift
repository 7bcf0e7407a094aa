public import Base
import Host
public import Planning

/// A check of the node's network and swap against the task files, with local information only.
///
/// Nothing is sent to other nodes; ``PortCheck`` connects to them.
public struct MachineCheck: Sendable {
    /// The facts about the machine that the check needs.
    public struct Facts: Sendable {
        public var interfaces: [NetworkInterface]
        /// The files and devices that the kernel swaps to.
        public var swapAreas: [String]
        public var hasRoute: @Sendable (IPAddress) -> Bool

        /// The facts about this machine, or `nil` if its interfaces cannot be listed.
        ///
        /// If swap areas cannot be read, none are assumed; without known routes, every address is assumed to have one.
        public static func current() -> Self? {
            guard let interfaces = try? NetworkInterface.all() else { return nil }
            return Self(interfaces: interfaces, swapAreas: (try? Machine.swapAreas()) ?? []) { address in
                (try? Machine.hasRoute(to: address)) ?? true
            }
        }
    }

    private let declarations: Declarations
    private let facts: Facts
    private let chosen: IPAddress?

    /// Creates a check of a machine against task files.
    ///
    /// - Parameters:
    ///   - declarations: The declarations of the task files.
    ///   - facts: The facts about the machine.
    ///   - chosen: The address of this machine that a rule of the task files selects.
    public init(_ declarations: Declarations, _ facts: Facts, chosen: IPAddress?) {
        (self.declarations, self.facts, self.chosen) = (declarations, facts, chosen)
    }

    /// Finds problems that an administrator should look at, if the task files list this node.
    ///
    /// - Returns: Warnings only, because a missing address or route may appear before the node needs it.
    public func warnings() -> [Problem] {
        guard declarations.nodes.lists(declarations.hostName) else { return [] }
        return [absentAddress(), foreignVirtualAddress(), missingRoutes(), swap()].compactMap(\.self)
    }

    private var node: Inventory.Entry? { declarations.nodes.entry(of: declarations.hostName) }

    /// The address at which other nodes reach this node.
    private var address: IPAddress? { node?.address ?? chosen }

    /// The name of the interface that has this node's address, and the subnet of the address.
    private var ownInterface: (name: String, subnet: AddressRange?)? {
        for interface in facts.interfaces {
            let found = interface.addresses.first { $0.address == address }
            if let found { return (interface.name, found.subnet) }
        }
        return nil
    }

    /// Reports the address that the task files give this node, if no interface has the address.
    private func absentAddress() -> Problem? {
        guard let node, let address = node.address, ownInterface == nil else { return nil }
        let others = facts.interfaces.flatMap { interface in
            interface.addresses.filter { !$0.address.isLoopback && !$0.address.isLinkLocal && $0.state == .stable }
                .map { "\($0.address) on '\(interface.name)'" }
        }
        let found = others.isEmpty ? "which has no address" : "which has \(shortList(others))"
        return Problem(
            .unsuitableAddress,
            "\(address), the address of node '\(node.name)', is on no interface of this machine, \(found)",
            at: node.location,
            hint: "correct 'address', or give an interface the address"
        )
    }

    /// Reports the virtual IP address if it is not in the subnet of this control plane's address.
    ///
    /// VRRP (RFC 5798) moves the address only between machines on the same link.
    private func foreignVirtualAddress() -> Problem? {
        guard let virtual = declarations.cluster.virtualAddress, declarations.roles.contains(Self.controlPlane),
            let own = ownInterface, let subnet = own.subnet, let address, !subnet.isOneAddress,
            !subnet.contains(virtual.address)
        else { return nil }
        return Problem(
            .unsuitableAddress,
            "\(virtual.address), the virtual IP address of the cluster, is not in \(subnet), the subnet of this node's "
                + "address \(address) on '\(own.name)'",
            at: virtual.location,
            hint: "choose an address of the subnet that no machine has"
        )
    }

    private static let controlPlane = "control-plane"

    /// Reports the nodes, and the virtual IP address, to which there is no route.
    private func missingRoutes() -> Problem? {
        var places = declarations.nodes.entries.filter { $0.name != declarations.hostName }.compactMap { node in
            node.address.map { (subject: "\($0) ('\(node.name)')", address: $0, location: node.location) }
        }
        if let virtual = declarations.cluster.virtualAddress {
            places.append(("\(virtual.address) (the virtual IP address)", virtual.address, virtual.location))
        }
        let missing = places.filter { !facts.hasRoute($0.address) }
        guard let first = missing.first else { return nil }
        return Problem(
            .blockedConnection,
            "this machine has no route to \(shortList(missing.map(\.subject)))",
            at: first.location,
            hint: "see 'ip route get \(first.address)'; correct the address, or add a route"
        )
    }

    private func swap() -> Problem? {
        guard !facts.swapAreas.isEmpty else { return nil }
        return Problem(
            .swapEnabled,
            "swap is on (\(shortList(facts.swapAreas))), with which the kubelet does not start by default",
            hint:
                "run 'swapoff -a' and remove it from /etc/fstab, or set failSwapOn: false in the kubelet's configuration"
        )
    }
}
