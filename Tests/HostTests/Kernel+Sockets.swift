import Glibc
import Testing

extension Kernel {
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
