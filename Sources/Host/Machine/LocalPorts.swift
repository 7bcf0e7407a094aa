public import Base

/// The local ports that the kernel gives to outgoing TCP connections, and how many of them are in use.
///
/// A port may be used by several connections unless they have the same destination; see ip(7), `ip_local_port_range`.
public struct LocalPorts: Sendable {
    /// A process with connections.
    public struct Holder: Sendable, Hashable {
        public var process: Int32
        /// The name of the program, from `/proc/PID/comm`.
        public var name: String
        /// The number of its connections that use ports of the range.
        public var count: Int
    }

    /// The file that contains the range.
    public static let rangePath = "/proc/sys/net/ipv4/ip_local_port_range"

    /// The ports of the range.
    public let range: ClosedRange<Int>
    /// The number of ports of the range that are in use for a destination.
    public let usedCount: Int
    /// The process with the most of these connections, `nil` if `/proc` does not show it.
    public let holder: Holder?

    /// Whether the kernel may find no free port: of a large range, it does not try every port.
    public var isExhausted: Bool { usedCount * 10 >= range.count * 9 }

    /// Counts the ports in use for a destination, or returns `nil` if `/proc` cannot be read.
    ///
    /// - Parameters:
    ///   - address: The destination's address, `nil` for any.
    ///   - port: The destination's port.
    public init?(to address: IPAddress?, _ port: UInt16) {
        let words = Self.text(Self.rangePath)?.split(whereSeparator: \.isWhitespace).compactMap { Int($0) } ?? []
        guard words.count == 2, words[0] <= words[1] else { return nil }
        range = words[0]...words[1]
        let lists = ["/proc/net/tcp", "/proc/net/tcp6"].compactMap { Self.text($0) }
        guard !lists.isEmpty else { return nil }
        let sockets = lists.flatMap(SocketEntry.entries).filter { [range] entry in
            range.contains(Int(entry.localPort)) && entry.remotePort == port
                && (address == nil || entry.remoteAddress == address)
        }
        usedCount = Set(sockets.map(\.localPort)).count
        holder = usedCount * 10 >= range.count * 9 ? Self.holder(of: Set(sockets.map(\.inode))) : nil
    }

    private static func text(_ path: String) -> String? {
        (try? FileSystem.read(path, limit: 64 << 20)).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Returns the process that has the most of the sockets with some inodes.
    static func holder(of inodes: Set<UInt64>) -> Holder? {
        var best: Holder?
        for name in (try? FileSystem.list("/proc")) ?? [] {
            guard let process = Int32(name) else { continue }
            let descriptors = (try? FileSystem.list("/proc/\(process)/fd")) ?? []
            let count = descriptors.count { descriptor in
                let target = (try? FileSystem.status("/proc/\(process)/fd/\(descriptor)"))?.target
                return target.flatMap(SocketEntry.inode(ofLink:)).map(inodes.contains) == true
            }
            guard count > best?.count ?? 0 else { continue }
            let program = text("/proc/\(process)/comm")?.split(separator: "\n").first.map(String.init)
            best = Holder(process: process, name: program ?? "", count: count)
        }
        return best
    }
}

/// A socket in a list of the kernel; see proc_pid_net(5), `/proc/net/tcp`.
struct SocketEntry: Hashable {
    var localAddress: IPAddress
    var localPort: UInt16
    var remoteAddress: IPAddress
    var remotePort: UInt16
    /// The state in hexadecimal digits.
    var state: String
    /// The inode of the socket, 0 if no process has it open any more.
    var inode: UInt64

    /// Reads a list, whose lines are `N: ADDRESS:PORT REMOTE:PORT STATE …` with the inode as the tenth word.
    static func entries(_ list: String) -> [SocketEntry] { list.split(separator: "\n").compactMap(SocketEntry.init) }

    private init?(_ line: Substring) {
        let words = line.split(separator: " ", maxSplits: 10)
        guard words.count > 9, let local = Self.endpoint(words[1]), let remote = Self.endpoint(words[2]) else {
            return nil
        }
        (localAddress, localPort) = local
        (remoteAddress, remotePort) = remote
        (state, inode) = (String(words[3]), UInt64(words[9]) ?? 0)
    }

    /// Returns the inode of a socket from the link of a descriptor, `socket:[INODE]`.
    static func inode(ofLink target: String) -> UInt64? {
        let prefix = "socket:["
        guard target.hasPrefix(prefix), target.hasSuffix("]") else { return nil }
        return UInt64(target.dropFirst(prefix.count).dropLast())
    }

    private static func endpoint(_ word: Substring) -> (IPAddress, UInt16)? {
        let parts = word.split(separator: ":")
        guard parts.count == 2, let port = UInt16(parts[1], radix: 16), let address = address(parts[0]) else {
            return nil
        }
        return (address, port)
    }

    /// Reads an address, which the kernel prints as numbers of 32 bits in the byte order of the machine.
    ///
    /// An IPv4 address that a socket of IPv6 uses is returned as the IPv4 address.
    private static func address(_ digits: Substring) -> IPAddress? {
        guard digits.utf8.count == 8 || digits.utf8.count == 32 else { return nil }
        var bytes: [UInt8] = []
        var rest = digits
        while !rest.isEmpty {
            guard let number = UInt32(rest.prefix(8), radix: 16) else { return nil }
            bytes += unsafe withUnsafeBytes(of: number) { unsafe Array($0) }
            rest = rest.dropFirst(8)
        }
        let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]
        return IPAddress(bytes: bytes.starts(with: mapped) ? Array(bytes.suffix(4)) : bytes)
    }
}
