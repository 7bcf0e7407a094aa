public import Base
import CShims
import Glibc

/// The reason why a network interface carries no packets, and what to do.
public struct LinkFault: Sendable, Hashable {
    /// The name of the interface.
    public let name: String
    /// The reason, as the predicate of a sentence about the interface.
    public let reason: String
    /// The advice.
    public let advice: String

    /// Finds why the interface through which this node reaches an address carries no packets.
    ///
    /// - Parameter address: The address of another machine, or of this one.
    /// - Returns: The reason, `nil` if the interface is not known or is up.
    public static func onWay(to address: IPAddress) -> LinkFault? {
        guard let interfaces = try? NetworkInterface.all() else { return nil }
        if address.isLoopback { return interfaces.first(where: \.isLoopback).flatMap(LinkFault.init) }
        let subnets = interfaces.flatMap { interface in
            interface.addresses.compactMap { own in own.subnet.map { (interface: interface, subnet: $0) } }
        }
        let near = subnets.filter { $0.subnet.contains(address) && !$0.subnet.isOneAddress }
        if let longest = near.map(\.subnet.prefixLength).max() {
            let all = near.filter { $0.subnet.prefixLength == longest }.map(\.interface)
            return all.contains { $0.isUp && $0.isRunning } ? nil : all.first.flatMap(LinkFault.init)
        }
        guard let name = Route.all(isVersion6: address.isVersion6).interface(to: address) else { return nil }
        return interfaces.first { $0.name == name }.flatMap(LinkFault.init)
    }

    /// Finds the only interface with a cable or an antenna that is down, if this node has no default route.
    public static func ofOnlyInterface() -> LinkFault? {
        let hasDefault = [false, true].contains { version in
            Route.all(isVersion6: version).contains { $0.range.prefixLength == 0 }
        }
        guard !hasDefault, let interfaces = try? NetworkInterface.all() else { return nil }
        let faults = interfaces.filter { interface in
            interface.isDevice || !interface.addresses.isEmpty && !interface.isLoopback && !interface.isEmptyBridge
        }
        guard !faults.contains(where: { $0.isUp && $0.isRunning }), faults.count == 1 else { return nil }
        return faults.first.flatMap(LinkFault.init)
    }

    private init?(_ interface: NetworkInterface) {
        guard !interface.isUp || !interface.isRunning else { return nil }
        name = interface.name
        guard interface.isUp else {
            reason = "is down"
            advice = "run \(quotedShellLine(["ip", "link", "set", name, "up"]))"
            return
        }
        if interface.attribute("operstate") == "dormant" || interface.isWireless {
            reason = "is not connected to a wireless network"
            advice = "connect it: see \(quotedShellLine(["iw", "dev", name, "link"]))"
            return
        }
        if let lower = interface.lower.compactMap({ LinkFault($0) }).first {
            reason = "has no carrier, because interface '\(lower.name)' below it \(lower.reason)"
            advice = lower.advice
            return
        }
        reason = "is up and has no carrier"
        if interface.isDevice {
            advice = "plug in its cable, or see the port at the other end (\(quotedShellLine(["ethtool", name])))"
        } else if interface.attribute("bridge/bridge_id") != nil {
            advice =
                "add an interface that is up to the bridge: see \(quotedShellLine(["ip", "link", "show", "master", name]))"
        } else {
            advice = "set the other end up: see \(quotedShellLine(["ip", "-d", "link", "show", name]))"
        }
    }
}

extension NetworkInterface {
    /// The directory of the interface, which is one of this network namespace only if `/sys` was mounted in it.
    private var directory: String { "/sys/class/net/\(name)" }

    fileprivate var isLoopback: Bool { addresses.contains { $0.address.isLoopback } || name == "lo" }
    /// Whether this is a bridge without ports, such as that of a CNI plug-in on a node without pods.
    fileprivate var isEmptyBridge: Bool { attribute("bridge/bridge_id") != nil && lower.isEmpty }
    fileprivate var isDevice: Bool { (try? FileSystem.exists("\(directory)/device")) == true }
    fileprivate var isWireless: Bool { (try? FileSystem.exists("\(directory)/phy80211")) == true }

    /// The interfaces on which this one is based, such as the ports of a bridge or the interface of a VLAN.
    fileprivate var lower: [NetworkInterface] {
        let names = ((try? FileSystem.list(directory)) ?? []).filter { $0.hasPrefix("lower_") }.map { $0.dropFirst(6) }
        return ((try? Self.all()) ?? []).filter { names.contains($0.name[...]) && $0.name != name }
    }

    /// Returns the value of a file in `/sys`, `nil` if it does not exist or cannot be read.
    fileprivate func attribute(_ file: String) -> String? {
        (try? FileSystem.read("\(directory)/\(file)", limit: 4096))
            .map { String(decoding: $0.prefix { $0 > UInt8(ascii: " ") }, as: UTF8.self) }
    }
}

/// A route of the main table of the kernel.
private struct Route {
    let range: AddressRange
    let interface: String
    let metric: UInt32

    /// Lists the routes.
    ///
    /// `/proc/net/route` has a line of fields for each route of IPv4, whose addresses are hexadecimal numbers of this
    /// machine, `/proc/net/ipv6_route` one for each route of IPv6; see proc_net(5).
    ///
    /// - Parameter isVersion6: Whether the routes of IPv6 are listed.
    /// - Returns: The routes, without those of the table `local` and those that reject packets.
    static func all(isVersion6: Bool) -> [Route] {
        let path = isVersion6 ? "/proc/self/net/ipv6_route" : "/proc/self/net/route"
        guard let bytes = try? FileSystem.read(path, limit: 16 << 20) else { return [] }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap { line in
            let fields = line.split(whereSeparator: \.isWhitespace)
            let route = isVersion6 ? version6(fields) : version4(fields)
            return route
        }
    }

    private static func version4(_ fields: [Substring]) -> Route? {
        guard fields.count > 7, let destination = UInt32(fields[1], radix: 16), let mask = UInt32(fields[7], radix: 16),
            let metric = UInt32(fields[6]), let flags = Int32(fields[3], radix: 16), flags & 0x200 == 0
        else { return nil }
        let bytes = (0..<4).map { UInt8(truncatingIfNeeded: destination.littleEndian >> ($0 * 8)) }
        let range = AddressRange(IPAddress(bytes: bytes), mask.nonzeroBitCount)
        return Route(range: range, interface: String(fields[0]), metric: metric)
    }

    private static func version6(_ fields: [Substring]) -> Route? {
        guard fields.count > 9, fields[0].count == 32, let length = Int(fields[1], radix: 16),
            let metric = UInt32(fields[5], radix: 16), let flags = UInt32(fields[8], radix: 16),
            // RTF_REJECT and RTF_LOCAL
            flags & 0x8000_0200 == 0
        else { return nil }
        let digits = Array(fields[0])
        let bytes = stride(from: 0, to: 32, by: 2).compactMap { UInt8(String(digits[$0...($0 + 1)]), radix: 16) }
        guard bytes.count == 16 else { return nil }
        return Route(range: AddressRange(IPAddress(bytes: bytes), length), interface: String(fields[9]), metric: metric)
    }
}

extension [Route] {
    /// Returns the interface of the longest route to an address, and of those the one with the lowest metric.
    fileprivate func interface(to address: IPAddress) -> String? {
        filter { $0.range.contains(address) }
            .min { ($1.range.prefixLength, $0.metric) < ($0.range.prefixLength, $1.metric) }?.interface
    }
}
