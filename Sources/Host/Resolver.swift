import Glibc
import Locking

/// Finds the addresses of names without being held up by them.
enum Resolver {
    /// What is being looked up now, by host and port.
    ///
    /// A lookup cannot be stopped. Who gives up leaves its thread behind, and who asks again joins it: there is never
    /// more than one a name.
    private static let underWay = Locked<[String: Lookup]>([:])

    /// The addresses after which the rest is not tried.
    private static let addressLimit = 16

    /// Finds the addresses of a host within the bounds of a wait.
    static func addresses(of host: String, port: UInt16, _ wait: BoundedWait) throws(SystemError) -> [SocketAddress] {
        if case .success(let addresses) = ask(host, port, AI_NUMERICHOST, wait.subject) { return addresses }
        let lookup = try join(host, port, wait.subject)
        try wait(for: pollfd(reading: lookup.done.raw))
        guard let result = lookup.result.withLock({ $0 }) else { return [] }
        return try result.get()
    }

    /// Starts a lookup, or joins the one that is under way.
    private static func join(_ host: String, _ port: UInt16, _ subject: String) throws(SystemError) -> Lookup {
        let new = Lookup(done: try Waker(Network.operation, subject))
        let lookup = underWay.withLock { lookups in
            if let other = lookups[subject] { return other }
            lookups[subject] = new
            return new
        }
        if lookup === new {
            startThread {
                let result = ask(host, port, 0, subject)
                underWay.withLock { $0[subject] = nil }
                new.finish(result)
            }
        }
        return lookup
    }

    /// Asks the system, which may take long.
    private static func ask(
        _ host: String,
        _ port: UInt16,
        _ flags: CInt,
        _ subject: String,
    ) -> Result<[SocketAddress], SystemError> {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = flags | AI_NUMERICSERV
        var first: UnsafeMutablePointer<addrinfo>?
        let code = unsafe getaddrinfo(host, "\(port)", &hints, &first)
        let systemCode = errno
        defer { if let first = unsafe first { unsafe freeaddrinfo(first) } }
        if code != 0 {
            let words = unsafe code == EAI_SYSTEM ? nil : gai_strerror(code).map { unsafe String(cString: $0) }
            let reason = words ?? SystemError("", "", code: systemCode).reason
            let detail = "the host's name cannot be resolved: \(reason)"
            return .failure(SystemError(Network.operation, subject, code: EHOSTUNREACH, detail: detail))
        }
        var addresses: [SocketAddress] = []
        var next = unsafe first
        while let entry = unsafe next, addresses.count < addressLimit {
            if let address = unsafe SocketAddress(entry.pointee) { addresses.append(address) }
            unsafe next = entry.pointee.ai_next
        }
        return .success(addresses)
    }
}

/// One lookup on its thread.
private final class Lookup: Sendable {
    /// Awake when there is a result.
    let done: Waker
    let result = Locked<Result<[SocketAddress], SystemError>?>(nil)

    init(done: Waker) {
        self.done = done
    }

    func finish(_ result: Result<[SocketAddress], SystemError>) {
        self.result.withLock { $0 = result }
        done.wake()
    }
}

/// The address of one end of a connection, as the bytes that C wants.
struct SocketAddress: Sendable, Hashable {
    private let bytes: [UInt8]

    /// The address family, such as `AF_INET6`.
    let family: CInt

    /// Copies one entry of a lookup.
    init?(_ entry: addrinfo) {
        guard let address = unsafe entry.ai_addr else { return nil }
        unsafe bytes = Array(UnsafeRawBufferPointer(start: address, count: Int(entry.ai_addrlen)))
        unsafe family = entry.ai_family
    }

    private init(bytes: [UInt8], family: CInt) {
        self.bytes = bytes
        self.family = family
    }

    /// The address of our own end of a connection.
    static func local(of socket: CInt) -> SocketAddress? {
        var storage = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let code = unsafe withUnsafeMutablePointer(to: &storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe getsockname(socket, $0, &size) }
        }
        if code != 0 { return nil }
        let bytes = unsafe withUnsafeBytes(of: storage) { unsafe Array($0.prefix(Int(size))) }
        return SocketAddress(bytes: bytes, family: CInt(storage.ss_family))
    }

    /// Lends the address to C.
    func withPointer<Result>(_ body: (UnsafePointer<sockaddr>?, socklen_t) -> Result) -> Result {
        unsafe bytes.withUnsafeBytes {
            unsafe body($0.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
        }
    }
}
