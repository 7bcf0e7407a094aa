import Base
import Glibc
import HTTP
import Host

/// A connection that this node could not establish, with what the node shows of the reason.
struct ConnectFailure {
    private let error: TransportError
    private let host: String
    private let port: UInt16
    private var address: IPAddress? { IPAddress(host) ?? RefusedPort.address(ofName: host) }

    /// Creates the description of a connection to a host; fails if a proxy was to connect to it.
    init?(_ error: TransportError, _ host: String, _ port: UInt16) {
        guard error.proxy == nil,
            error.kind == .refused || error.kind == .timedOut || error.systemCode != nil || error.isUnresolved
        else { return nil }
        (self.error, self.host, self.port) = (error, host, port)
    }

    /// Creates the description of a connection to the server of a URL, as the other initializer does.
    init?(_ error: TransportError, _ url: String) {
        guard let address = try? WebAddress(url) else { return nil }
        self.init(error, address.host, address.port)
    }

    /// Returns what to do, by the error number; see connect(2).
    ///
    /// If a firewall may have rejected the connection, it is tried once more, without sending anything, to see the ICMP
    /// message of the firewall.
    ///
    /// - Parameter setting: The setting that names the address.
    /// - Returns: The advice, `nil` if the node shows no reason.
    func advice(correcting setting: String = "the address") async -> String? {
        if let advice = adviceAboutLink { return advice }
        if error.isUnresolved {
            return UnresolvedName(host).advice(correcting: setting, isOverdue: error.kind == .timedOut)
        }
        if let advice = await adviceAboutRejection(setting) { return advice }
        if error.kind == .refused { return RefusedPort(host, port)?.advice(correcting: setting) }
        // `ip` takes no names.
        let route = address.map { quotedShellLine(["ip", "route", "get", "\($0)"]) } ?? "'ip route'"
        switch error.systemCode {
        case EADDRNOTAVAIL: return adviceAboutVersion(setting) ?? adviceAboutPorts
        case EAFNOSUPPORT, ENETUNREACH: return adviceAboutVersion(setting) ?? adviceAboutRoute(route, setting)
        case EHOSTUNREACH: return adviceAboutNeighbour(route, setting)
        case EACCES, EPERM:
            return "a route or a firewall of this node forbids it: see \(route) and 'nft list ruleset', and for a unit "
                + "also its 'IPAddressDeny='"
        case EINVAL where address?.isLinkLocal == true:
            return "a link-local address needs its interface, as [\(host)%INTERFACE]: correct \(setting)"
        case EINVAL:
            return
                "a 'blackhole' route of this node drops it: see \(route), and delete it with 'ip route del blackhole ADDRESS'"
        case ENOBUFS, ENOMEM:
            return "the kernel has no memory for another socket: see /proc/net/sockstat, and raise net.ipv4.tcp_mem"
        case EMFILE: return "this process may open no more files: raise 'ulimit -n', or 'LimitNOFILE=' of its unit"
        case ENFILE: return "the kernel may open no more files: see /proc/sys/fs/file-nr, and raise fs.file-max"
        default: return nil
        }
    }

    /// The advice on the interface through which this node reaches the address, `nil` if it carries packets.
    private var adviceAboutLink: String? {
        let codes: Set = [ENETUNREACH, EHOSTUNREACH, EADDRNOTAVAIL, ETIMEDOUT]
        guard error.isUnresolved || error.kind == .timedOut || error.systemCode.map(codes.contains) == true else {
            return nil
        }
        if let fault = address.flatMap(LinkFault.onWay) {
            return "interface '\(fault.name)', through which this node reaches it, \(fault.reason): \(fault.advice)"
        }
        let isWithoutRoute = error.isUnresolved || error.systemCode == ENETUNREACH
        guard isWithoutRoute, address?.isLoopback != true, let fault = LinkFault.ofOnlyInterface() else { return nil }
        return
            "this node has no default route, and its interface '\(fault.name)' \(fault.reason): \(fault.advice), and let "
            + "its configuration set the routes"
    }

    /// The time limit for the ICMP message of a firewall.
    private static let rejectionLimit = Duration.seconds(1)

    /// The error numbers that ICMP messages of firewalls have as their consequence; see icmp(7).
    private static let rejections: Set = [
        EHOSTUNREACH, ENETUNREACH, EHOSTDOWN, ENONET, EACCES, ENOPROTOOPT, EOPNOTSUPP,
    ]

    /// Returns what to do if a firewall rejects the connection, or a router knows no way.
    private func adviceAboutRejection(_ setting: String) async -> String? {
        guard let address = address ?? RefusedPort.address(ofName: host), !address.isLoopback,
            error.kind == .refused || error.systemCode.map(Self.rejections.contains) == true
        else { return nil }
        let end = ContinuousClock.now + Self.rejectionLimit
        let answers = try? await PortAnswer.answers(
            of: [TCPPort(address, port)],
            within: Self.rejectionLimit,
            until: end,
        )
        let allowing = "allow connections to port \(port)"
        switch answers?.first ?? nil {
        case .rejected(let sender) where isOwn(sender):
            return "a firewall of this node rejects it: \(allowing) of \(address) (see 'nft list ruleset')"
        case .rejected(address), .absent(address):
            return
                "a firewall of that machine rejects it, with an ICMP message: \(allowing) there (see 'nft list ruleset' "
                + "there), or correct \(setting)"
        case .rejected(let sender):
            return
                "the router or firewall \(sender) rejects it, with an ICMP message: \(allowing) of \(address) there, or "
                + "correct \(setting)"
        case .absent(let sender) where !isOwn(sender):
            return
                "router \(sender) reports that it does not reach \(address): start the machine, correct the routes of the "
                + "router, or correct \(setting)"
        case .absent, .reached, .nothing, nil: return nil
        }
    }

    private func isOwn(_ address: IPAddress) -> Bool {
        address.isLoopback || (try? NetworkInterface.all())?.contains { $0.has(address) } == true
    }

    /// Returns what to do if this node has no address of the version of the server's address.
    private func adviceAboutVersion(_ setting: String) -> String? {
        guard let address, let interfaces = try? NetworkInterface.all() else { return nil }
        let isUsable = interfaces.contains { interface in
            interface.isUp
                && interface.addresses.contains { own in
                    own.address.isVersion6 == address.isVersion6 && own.address.isLoopback == address.isLoopback
                        && (!own.address.isLinkLocal || address.isLinkLocal)
                }
        }
        guard !isUsable else { return nil }
        let version = address.isVersion6 ? "IPv6" : "IPv4"
        return
            "no interface of this node that is up has an \(version) address to connect from: see 'ip address', and add one, "
            + "or correct \(setting)"
    }

    /// Advice for the case that all local ports for connections to the server are in use.
    private var adviceAboutPorts: String? {
        guard let ports = LocalPorts(to: address, port), ports.isExhausted else { return nil }
        let range = "\(ports.range.lowerBound) \(ports.range.upperBound)"
        let count = "\(ports.usedCount) of the \(ports.range.count)"
        let cause = "no local port is free: \(count) ports of net.ipv4.ip_local_port_range ('\(range)') are in use"
        let widest = "1024 65535"
        let widening = range == widest ? nil : "widen the range: sysctl -w net.ipv4.ip_local_port_range='\(widest)'"
        guard let holder = ports.holder else {
            return "\(cause): " + (widening ?? "see 'ss -tanp'")
        }
        let name = "'\(printable(holder.name))' (process \(holder.process))"
        return "\(cause), \(holder.count) of them by \(name): end it" + (widening.map { ", or \($0)" } ?? "")
    }

    /// Returns what to do about a network to which there is no route.
    private func adviceAboutRoute(_ route: String, _ setting: String) -> String {
        let hasDefault = Self.hasDefaultRoute
        let cause =
            address?.isVersion6 == false && hasDefault == false
            ? "this node has no default route, and no other to it" : "this node has no route to it"
        return "\(cause): see \(route), add the route, or correct \(setting)"
    }

    /// Whether the main table has a default route of IPv4, `nil` if the kernel does not show it.
    ///
    /// The lines of `/proc/net/route` begin with the interface and the destination in hexadecimal digits.
    private static var hasDefaultRoute: Bool? {
        guard let bytes = try? FileSystem.read("/proc/net/route", limit: 16 << 20) else { return nil }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").dropFirst().contains { line in
            let words = line.split(whereSeparator: \.isWhitespace)
            return words.count > 7 && words[1] == "00000000" && words[7] == "00000000"
        }
    }

    /// Whether the main table has a route to the address that rejects packets; its flags have RTF_REJECT.
    private var isRejectedByRoute: Bool {
        guard let address, !address.isVersion6, let bytes = try? FileSystem.read("/proc/net/route", limit: 16 << 20)
        else { return false }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").dropFirst().contains { line in
            let words = line.split(whereSeparator: \.isWhitespace)
            guard words.count > 7, let flags = UInt32(words[3], radix: 16), flags & 0x200 != 0,
                let destination = UInt32(words[1], radix: 16), let mask = UInt32(words[7], radix: 16)
            else { return false }
            let octets = (0..<4).map { UInt8(truncatingIfNeeded: destination.littleEndian >> ($0 * 8)) }
            return AddressRange(IPAddress(bytes: octets), mask.nonzeroBitCount).contains(address)
        }
    }

    /// Returns what to do about a machine that cannot be reached although there is a route.
    private func adviceAboutNeighbour(_ route: String, _ setting: String) -> String {
        if isRejectedByRoute {
            return
                "a route of this node of type 'unreachable' rejects it: see \(route) and 'ip route', and delete the route with 'ip "
                + "route del'"
        }
        let interface = address.flatMap { address in
            (try? NetworkInterface.all())?.first { interface in
                interface.addresses.contains {
                    $0.subnet?.contains(address) == true && $0.subnet?.isOneAddress == false
                }
            }
        }
        guard let interface else {
            return
                "a router on the way does not reach the machine, or a firewall rejects it: see \(route), the routes of the "
                + "routers and the rules of the firewalls, or correct \(setting)"
        }
        return
            "no machine in the network of interface '\(interface.name)' answers at this address, or a firewall rejects it: "
            + "if \(quotedShellLine(["ip", "neigh", "show", "to", address.map { "\($0)" } ?? host])) shows 'FAILED', start the machine or correct "
            + "\(setting), otherwise allow port \(port) in its firewall"
    }
}

extension TransportError {
    /// Whether there was no address for the name of the host, or none before the deadline.
    fileprivate var isUnresolved: Bool {
        kind == .resolve || kind == .timedOut && message.contains("no address or connection")
    }
}
