public import Base
import Glibc

extension NetworkInterface {
    /// Lists the interfaces of this process's network namespace, in the kernel's order.
    public static func all() throws(SystemError) -> [NetworkInterface] {
        let states = version6States()
        var list: UnsafeMutablePointer<ifaddrs>?
        let code = unsafe getifaddrs(&list) == 0 ? 0 : errno
        guard code == 0 else { throw SystemError("cannot list", "the network interfaces", code: code) }
        defer { unsafe freeifaddrs(list) }
        var interfaces: [NetworkInterface] = []
        var positions: [String: Int] = [:]
        var next = unsafe list
        while let entry = unsafe next?.pointee {
            unsafe next = entry.ifa_next
            // For an IPv4 address with a label, `ifa_name` is the label: the interface name, a colon and a suffix.
            let name = unsafe String(String(cString: entry.ifa_name).prefix { $0 != ":" })
            if positions[name] == nil {
                let flags = unsafe entry.ifa_flags
                let isUp = flags & UInt32(IFF_UP) != 0
                let isRunning = flags & UInt32(IFF_RUNNING) != 0
                positions[name] = interfaces.count
                interfaces.append(NetworkInterface(name: name, isUp: isUp, isRunning: isRunning))
            }
            guard let position = positions[name],
                let address = unsafe entry.ifa_addr.flatMap({ unsafe address(at: $0) })
            else { continue }
            let state = states[Located(name: name, address: address)] ?? .stable
            let mask = unsafe entry.ifa_netmask.flatMap { unsafe self.address(at: $0) }
            let length = mask.map { $0.bytes.reduce(0) { $0 + $1.nonzeroBitCount } }
            let subnet = length.map { AddressRange(address, $0) }
            interfaces[position].addresses.append(Address(address, state, subnet: subnet))
        }
        return interfaces
    }

    /// An address and its interface; several interfaces may have the same link-local address.
    private struct Located: Hashable {
        var name: String
        var address: IPAddress
    }

    private static func address(at socket: UnsafeMutablePointer<sockaddr>) -> IPAddress? {
        let bytes = UnsafeRawPointer(socket)
        // The offsets of sin_addr and sin6_addr.
        let place: Range<Int>
        switch unsafe CInt(socket.pointee.sa_family) {
        case AF_INET: place = 4..<8
        case AF_INET6: place = 8..<24
        default: return nil
        }
        return IPAddress(bytes: place.map { unsafe bytes.load(fromByteOffset: $0, as: UInt8.self) })
    }

    /// Reads the states of the IPv6 addresses that are not stable; getifaddrs(3) does not report states.
    ///
    /// Each line of `if_inet6` describes an address: 32 hexadecimal digits, the interface number, the prefix length,
    /// the scope, the flags of `linux/if_addr.h`, and the interface name. Without IPv6, the file does not exist.
    private static func version6States() -> [Located: Address.State] {
        let bytes = (try? readFile("/proc/self/net/if_inet6", limit: 1 << 20)) ?? []
        var states: [Located: Address.State] = [:]
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count == 6, let flags = UInt32(fields[4], radix: 16), let state = state(flags) else {
                continue
            }
            let digits = Array(fields[0])
            let address = stride(from: 0, to: digits.count - 1, by: 2)
                .compactMap { UInt8(String(digits[$0...($0 + 1)]), radix: 16) }
            guard address.count == 16 else { continue }
            states[Located(name: String(fields[5]), address: IPAddress(bytes: address))] = state
        }
        return states
    }

    /// Returns the state that the flags of an IPv6 address indicate, or `nil` for a stable address.
    private static func state(_ flags: UInt32) -> Address.State? {
        let (temporary, failed, deprecated, tentative): (UInt32, UInt32, UInt32, UInt32) = (0x01, 0x08, 0x20, 0x40)
        if flags & (tentative | failed) != 0 { return .tentative }
        if flags & deprecated != 0 { return .deprecated }
        return flags & temporary != 0 ? .temporary : nil
    }
}
