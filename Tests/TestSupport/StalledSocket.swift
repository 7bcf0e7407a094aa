internal import Glibc

/// A socket with a path whose owner has stalled: it accepts no connection, reads no datagram, and its queue is full.
public final class StalledSocket: Sendable {
    /// What is sent to the socket.
    public enum Kind: Sendable {
        /// Connections, as those to a bus.
        case connections
        /// Datagrams, as those to the journal.
        case datagrams
    }

    private let descriptors: [Int32]

    /// Makes the socket; of datagrams, it fills the queue.
    ///
    /// - Parameters:
    ///   - path: The path of the socket.
    ///   - kind: What is sent to it.
    /// - Throws: ``SupportError`` if it cannot be made.
    public init(_ path: String, _ kind: Kind) throws(SupportError) {
        let type = kind == .connections ? SOCK_STREAM : SOCK_DGRAM
        let flags = Int32(type.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let (owner, sender) = (socket(AF_UNIX, flags, 0), socket(AF_UNIX, flags, 0))
        descriptors = [owner, sender]
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        let isReady = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                let size = socklen_t(MemoryLayout<sockaddr_un>.size)
                guard unsafe bind(owner, address, size) == 0 else { return false }
                if kind == .connections { return listen(owner, 16) == 0 }
                return unsafe connect(sender, address, size) == 0
            }
        }
        guard isReady else { throw SupportError("cannot make socket '\(path)'") }
        if kind == .datagrams { while unsafe send(sender, "x", 1, 0) == 1 {} }
    }

    deinit {
        for descriptor in descriptors { close(descriptor) }
    }
}
