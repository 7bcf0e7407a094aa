import Glibc

/// What can be reached over the network.
public enum Network {
    /// Makes a TCP connection and closes it at once.
    ///
    /// Every address of the host is tried. Cancellation ends it at once, also while the name is being resolved.
    ///
    /// - Parameters:
    ///   - host: A name or an address.
    ///   - port: The port.
    ///   - timeout: How long all of it may take.
    /// - Throws: ``SystemError`` that names host and port if no address can be reached; code `ECANCELED` if the task
    ///   is cancelled, `ETIMEDOUT` if nobody answers.
    public static func canConnect(host: String, port: UInt16, timeout: Duration) async throws(SystemError) {
        let deadline = ContinuousClock.now + timeout
        let subject = host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)"
        return try await onThread(operation, subject) { (cancelled) throws(SystemError) in
            try SystemError.checkPath(operation, host)
            let wait = BoundedWait(subject: subject, cancelled: cancelled, deadline: deadline)
            let addresses = try Resolver.addresses(of: host, port: port, wait)
            var failure = SystemError(operation, subject, code: EADDRNOTAVAIL)
            for (index, address) in addresses.enumerated() {
                // Each has its share of the time that is left, so that a silent one leaves some to the others.
                let share = ContinuousClock.now.duration(to: deadline) / (addresses.count - index)
                do throws(SystemError) {
                    return try connect(to: address, wait.until(.now + share))
                } catch {
                    if error.code == ECANCELED { throw error }
                    failure = error
                }
            }
            throw failure
        }
    }

    static let operation = "cannot connect to"

    private static func connect(to address: SocketAddress, _ wait: BoundedWait) throws(SystemError) {
        let kind = CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let socket = FileDescriptor(
            adopting: try SystemError.check(operation, wait.subject) { Glibc.socket(address.family, kind, 0) }
        )
        do throws(SystemError) {
            try SystemError.check(operation, wait.subject) {
                unsafe address.withPointer { unsafe Glibc.connect(socket.raw, $0, $1) }
            }
        } catch {
            guard error.code == EINPROGRESS else { throw error }
            try wait(for: pollfd(fd: socket.raw, events: Int16(POLLOUT), revents: 0))
            try checkConnected(socket.raw, wait.subject)
        }
        // Without a listener, a port that the kernel also hands out to clients can come to be connected to itself.
        if SocketAddress.local(of: socket.raw) == address {
            throw SystemError(operation, wait.subject, code: ECONNREFUSED)
        }
    }

    private static func checkConnected(_ socket: CInt, _ subject: String) throws(SystemError) {
        var code: CInt = 0
        var size = socklen_t(MemoryLayout<CInt>.size)
        try SystemError.check(operation, subject) { unsafe getsockopt(socket, SOL_SOCKET, SO_ERROR, &code, &size) }
        if code != 0 { throw SystemError(operation, subject, code: code) }
    }
}

/// What bounds every wait of one attempt to connect.
struct BoundedWait: Sendable {
    /// The host and port, for messages.
    let subject: String
    let cancelled: Waker
    var deadline: ContinuousClock.Instant

    /// The same with an earlier end.
    func until(_ deadline: ContinuousClock.Instant) -> BoundedWait {
        BoundedWait(subject: subject, cancelled: cancelled, deadline: deadline)
    }

    /// Waits until something is ready.
    func callAsFunction(for something: pollfd) throws(SystemError) {
        var waits = [something, pollfd(reading: cancelled.raw)]
        let isReady = try poll(&waits, until: deadline)
        if waits[1].isReady { throw SystemError(Network.operation, subject, code: ECANCELED) }
        if !isReady { throw SystemError(Network.operation, subject, code: ETIMEDOUT) }
    }
}
