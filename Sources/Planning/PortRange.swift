/// Ports of one protocol, as the task file writes them: `6443/tcp`, `2379-2380/tcp`.
public struct PortRange: Sendable, Hashable, CustomStringConvertible {
    /// A protocol that has ports.
    public enum Transport: String, Sendable, Hashable, CaseIterable {
        case tcp
        case udp
    }

    public let first: UInt16

    /// The last port, which may be the first.
    public let last: UInt16

    /// The protocol.
    public let transport: Transport

    public init(_ first: UInt16, _ last: UInt16, _ transport: Transport) {
        precondition(first <= last)
        (self.first, self.last, self.transport) = (first, last, transport)
    }

    /// Reads `PORT/PROTOCOL` or `FIRST-LAST/PROTOCOL`.
    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let transport = Transport(rawValue: String(parts[1])) else { return nil }
        let ends = parts[0].split(separator: "-", omittingEmptySubsequences: false).map { digits in
            digits.utf8.allSatisfy(\.isDigit) && !digits.hasPrefix("0") ? UInt16(digits) : nil
        }
        guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1], first <= last else {
            return nil
        }
        self.init(first, last, transport)
    }

    /// The range as the task file writes it.
    public var description: String { "\(first)\(last == first ? "" : "-\(last)")/\(transport.rawValue)" }
}
