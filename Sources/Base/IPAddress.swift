import Glibc

/// An IPv4 or IPv6 address.
public struct IPAddress: Sendable, Hashable, CustomStringConvertible {
    /// The 4 or 16 bytes in network byte order.
    public let bytes: [UInt8]

    /// Parses an address as `inet_pton(3)` does: without a port, zone or brackets.
    public init?(_ text: String) {
        guard text.cStringFault == nil else { return nil }
        let isVersion6 = text.utf8.contains(UInt8(ascii: ":"))
        var bytes = [UInt8](repeating: 0, count: isVersion6 ? 16 : 4)
        guard unsafe inet_pton(isVersion6 ? AF_INET6 : AF_INET, text, &bytes) == 1 else { return nil }
        self.bytes = bytes
    }

    /// Creates an address from 4 or 16 bytes in network byte order.
    public init(bytes: [UInt8]) {
        precondition(bytes.count == 4 || bytes.count == 16)
        self.bytes = bytes
    }

    /// Whether the address is a multicast address or in the reserved IPv4 range, which includes broadcast.
    public var isForSeveral: Bool { isVersion6 ? bytes[0] == 0xff : bytes[0] >= 224 }

    public var isVersion6: Bool { bytes.count == 16 }

    /// Whether the address is a loopback address, which no other machine can reach.
    public var isLoopback: Bool {
        isVersion6 ? bytes == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1] : bytes[0] == 127
    }

    /// Whether the address is link-local, and therefore valid only together with an interface.
    public var isLinkLocal: Bool {
        isVersion6 ? bytes[0] == 0xfe && bytes[1] & 0xc0 == 0x80 : bytes[0] == 169 && bytes[1] == 254
    }

    /// The address as `inet_ntop(3)` writes it.
    public var description: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        _ = unsafe inet_ntop(isVersion6 ? AF_INET6 : AF_INET, bytes, &text, socklen_t(text.count))
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

/// A range of addresses with a common prefix, in the notation of RFC 4632: `100.64.0.0/10`.
public struct AddressRange: Sendable, Hashable, CustomStringConvertible {
    /// The first address, whose bits after the prefix are zero.
    public let first: IPAddress

    /// The number of leading bits that the addresses have in common.
    public let prefixLength: Int

    /// Parses `ADDRESS/BITS`, or a single address as a range of one; address bits after the prefix are ignored.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = IPAddress(String(parts[0])) else { return nil }
        let limit = address.bytes.count * 8
        guard parts.count == 2 else {
            self.init(address, limit)
            return
        }
        let digits = parts[1].utf8
        guard (1...3).contains(digits.count), digits.allSatisfy(\.isDigit), let length = Int(parts[1]), length <= limit
        else { return nil }
        self.init(address, length)
    }

    /// Creates the range of the addresses that share the first `length` bits of an address.
    public init(_ address: IPAddress, _ length: Int) {
        let bytes = address.bytes.enumerated().map { index, byte in byte & Self.mask(of: index, length) }
        first = IPAddress(bytes: bytes)
        prefixLength = length
    }

    /// Returns the netmask's byte at an index.
    private static func mask(of index: Int, _ length: Int) -> UInt8 {
        ~UInt8(truncatingIfNeeded: 0xff >> max(0, min(8, length - index * 8)))
    }

    public var isOneAddress: Bool { prefixLength == first.bytes.count * 8 }

    public func contains(_ address: IPAddress) -> Bool {
        address.bytes.count == first.bytes.count && Self(address, prefixLength).first == first
    }

    /// The range as `ADDRESS/BITS`, or as `ADDRESS` if it is a single address.
    public var description: String { isOneAddress ? "\(first)" : "\(first)/\(prefixLength)" }
}
