import Glibc
import Testing

extension Kernel {
    /// Binds a TCP socket to a free port of 127.0.0.1, on which nobody listens yet.
    static func bindPort() throws -> (socket: CInt, port: UInt16) {
        let socket = makeSocket(AF_INET, SOCK_STREAM)
        var address = loopback(port: 0)
        try #require(unsafe call(bind, socket, &address))
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = unsafe withUnsafeMutablePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe getsockname(socket, $0, &size) }
        }
        try #require(code == 0)
        return (socket, UInt16(bigEndian: address.sin_port))
    }

    /// Listens on a free port of 127.0.0.1.
    static func listen(backlog: CInt) throws -> (listener: CInt, port: UInt16) {
        let (socket, port) = try bindPort()
        try #require(Glibc.listen(socket, backlog) == 0)
        return (socket, port)
    }

    /// Fills the queue of a listener that accepts nobody, so that the next to come is left waiting.
    static func fillBacklog(port: UInt16) -> [CInt] {
        (0..<4).map { _ in
            let socket = makeSocket(AF_INET, SOCK_STREAM)
            _ = fcntl(socket, F_SETFL, O_NONBLOCK)
            var address = loopback(port: port)
            _ = unsafe call(connect, socket, &address)
            return socket
        }
    }

    /// Listens on a socket with a path.
    static func listen(socket path: String) throws -> CInt {
        let socket = makeSocket(AF_UNIX, SOCK_STREAM)
        var address = local(path)
        try #require(unsafe call(bind, socket, &address))
        try #require(Glibc.listen(socket, 1) == 0)
        return socket
    }

    /// Receives datagrams on a socket with a path.
    static func receive(socket path: String) throws -> CInt {
        let socket = makeSocket(AF_UNIX, SOCK_DGRAM)
        var address = local(path)
        try #require(unsafe call(bind, socket, &address))
        return socket
    }

    private static func makeSocket(_ family: CInt, _ kind: __socket_type) -> CInt {
        socket(family, CInt(kind.rawValue | SOCK_CLOEXEC.rawValue), 0)
    }

    private static func loopback(port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return address
    }

    private static func local(_ path: String) -> sockaddr_un {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        return address
    }

    /// Calls `bind` or `connect`, which take every kind of address.
    private static func call<Address>(
        _ function: (CInt, UnsafePointer<sockaddr>?, socklen_t) -> CInt,
        _ socket: CInt,
        _ address: inout Address,
    ) -> Bool {
        unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe function(socket, $0, socklen_t(MemoryLayout<Address>.size)) == 0
            }
        }
    }
}
