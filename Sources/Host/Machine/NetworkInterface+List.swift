public import Base
import CShims
import Glibc

extension NetworkInterface {
    /// Lists the interfaces of this process's network namespace, in the order of the kernel.
    ///
    /// - Returns: The interfaces.
    /// - Throws: ``Base/SystemError`` if the kernel refuses.
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
            // An IPv4 address with a label has the label in place of the name: the interface, a colon and a suffix.
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

    /// An address with its interface, because several interfaces may have the same link-local address.
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

    /// Returns the states of the IPv6 addresses that are not stable; `getifaddrs(3)` does not report states.
    ///
    /// `/proc/net/if_inet6` has a line for each address: 32 digits, the interface number, the prefix length, the scope,
    /// the flags of `linux/if_addr.h`, and the name. The file does not exist on a machine without IPv6.
    private static func version6States() -> [Located: Address.State] {
        let bytes = (try? FileSystem.read("/proc/self/net/if_inet6", limit: 1 << 20)) ?? []
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

extension NetworkInterface {
    /// Waits until the interfaces meet a condition.
    ///
    /// The interfaces are checked again when the kernel reports a change of an interface or an address.
    ///
    /// - Parameters:
    ///   - deadline: The instant after which the wait is given up.
    ///   - onWait: Called on another thread with the reason, whenever it changes.
    ///   - reason: A function that returns the reason why the condition is not met, or `nil` if it is met.
    /// - Returns: Whether the condition is met; `false` at the deadline.
    /// - Throws: ``Base/SystemError`` if the kernel refuses, with the code `ECANCELED` if the task is cancelled.
    public static func wait(
        until deadline: ContinuousClock.Instant,
        onWait: @escaping @Sendable (String) -> Void,
        reason: @escaping @Sendable ([NetworkInterface]) -> String?,
    ) async throws(SystemError) -> Bool {
        let (operation, subject) = ("cannot wait for", "changes of the network interfaces")
        return try await onThread(operation, subject) { (cancelled) throws(SystemError) in
            // The socket is opened before the first check, so that a change between the two is received as an event.
            let events = FileDescriptor(
                adopting: try SystemError.check(operation, subject) { nest_host_watch_interfaces() }
            )
            var lastReason: String?
            while true {
                guard let reason = reason(try all()) else { return true }
                if reason != lastReason { onWait(reason) }
                lastReason = reason
                var waits = [pollfd(reading: cancelled.raw), pollfd(reading: events.raw)]
                guard try poll(&waits, until: deadline) else { return false }
                if waits[0].isReady { throw SystemError(operation, subject, code: ECANCELED) }
                discardEvents(events)
            }
        }
    }

    /// Reads and discards all events, because only their arrival matters, even if the kernel has dropped some.
    private static func discardEvents(_ events: borrowing FileDescriptor) {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe recv(events.raw, &buffer, buffer.count, 0)
            let code = errno
            guard count > 0 || count < 0 && (code == EINTR || code == ENOBUFS) else { return }
        }
    }
}
