public import Base
import CShims
import Glibc

/// A TCP port of a machine.
public struct TCPPort: Sendable, Hashable {
    /// The address of the machine.
    public var address: IPAddress
    public var port: UInt16

    public init(_ address: IPAddress, _ port: UInt16) {
        (self.address, self.port) = (address, port)
    }
}

/// The answer of a TCP port.
public enum PortAnswer: Sendable, Hashable {
    /// The machine accepted or reset the connection, so no firewall on the way drops the packets.
    case reached
    /// A firewall rejected the packets: an ICMP message came from the given address.
    case rejected(by: IPAddress)
    /// A router reported that there is no such machine or network: an ICMP message came from the given address.
    case absent(by: IPAddress)
    /// There was no answer, or there is no such machine.
    case nothing

    /// Whether no machine answered.
    public var isSilence: Bool {
        switch self {
        case .nothing, .absent: true
        case .reached, .rejected: false
        }
    }
}

extension PortAnswer {
    /// The maximum number of simultaneous connections, less than the number of descriptors that a process may have.
    private static let connectionLimit = 500

    /// Connects to ports, and closes the connections without sending anything.
    ///
    /// - Parameters:
    ///   - ports: The ports.
    ///   - limit: The time limit for the answer of one port.
    ///   - deadline: The instant after which no further port is tried.
    /// - Returns: The answer of each port, `nil` if it was not tried.
    /// - Throws: ``Base/SystemError`` if the system has no socket left, or the task is cancelled.
    public static func answers(
        of ports: [TCPPort],
        within limit: Duration,
        until deadline: ContinuousClock.Instant,
    ) async throws(SystemError) -> [PortAnswer?] {
        let (operation, subject) = ("cannot connect to", "the ports of other nodes")
        return try await onThread(operation, subject) { (cancelled) throws(SystemError) in
            var answers = [PortAnswer?](repeating: nil, count: ports.count)
            var next = 0
            var attempts: [ConnectionAttempt] = []
            while true {
                while attempts.count < connectionLimit, next < ports.count, .now < deadline {
                    attempts.append(try ConnectionAttempt(next, ports[next], until: .now + limit))
                    next += 1
                }
                // The attempts are in the order in which they began, so the first has the earliest deadline.
                guard let first = attempts.first else { return answers }
                var waits = [pollfd(reading: cancelled.raw)] + attempts.map(\.wait)
                _ = try poll(&waits, until: first.deadline)
                if waits[0].isReady { throw SystemError(operation, subject, code: ECANCELED) }
                let now = ContinuousClock.now
                attempts = zip(attempts, waits.dropFirst()).compactMap { attempt, wait in
                    guard wait.isReady || attempt.deadline <= now else { return attempt }
                    answers[attempt.index] = wait.isReady ? attempt.answer() : .nothing
                    return nil
                }
            }
        }
    }
}

/// A connection that is being established.
private final class ConnectionAttempt {
    /// The index of the port in the list of ports to try.
    let index: Int
    /// The instant after which the attempt is given up.
    let deadline: ContinuousClock.Instant
    private let socket: FileDescriptor
    /// The error with which the attempt failed immediately, otherwise 0.
    private let code: Int32

    init(_ index: Int, _ port: TCPPort, until deadline: ContinuousClock.Instant) throws(SystemError) {
        let address = port.address
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        (self.index, self.deadline) = (index, deadline)
        socket = FileDescriptor(
            adopting: try SystemError.check("cannot connect to", "\(address)") {
                Glibc.socket(address.socketFamily, type, 0)
            }
        )
        // This option makes the kernel keep the ICMP message that ends an attempt.
        let (level, option) =
            address.isVersion6 ? (IPPROTO_IPV6, IPV6_RECVERR) : (IPPROTO_IP, IP_RECVERR)
        var isOn: CInt = 1
        unsafe setsockopt(socket.raw, CInt(level), option, &isOn, socklen_t(MemoryLayout<CInt>.size))
        let result = socket.connect(to: address, port: port.port)
        let code = errno
        self.code = result == 0 || code == EINPROGRESS ? 0 : code
    }

    /// The `poll` entry that waits for the end of the attempt; a failed socket is ready immediately.
    var wait: pollfd { pollfd(fd: socket.raw, events: Int16(POLLOUT), revents: 0) }

    /// Returns the answer once the attempt has ended.
    func answer() -> PortAnswer {
        var code = self.code
        if code == 0 {
            var size = socklen_t(MemoryLayout<CInt>.size)
            unsafe getsockopt(socket.raw, SOL_SOCKET, SO_ERROR, &code, &size)
        }
        if code == 0 { return .reached }
        var sender = [UInt8](repeating: 0, count: 16)
        var isAbsence: CInt = 0
        let count = unsafe nest_host_refusing_address(socket.raw, &sender, &isAbsence)
        if count > 0 {
            let sender = IPAddress(bytes: Array(sender.prefix(Int(count))))
            return isAbsence == 0 ? .rejected(by: sender) : .absent(by: sender)
        }
        return code == ECONNREFUSED ? .reached : .nothing
    }
}
