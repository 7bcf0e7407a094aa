import Base
import Glibc

extension IPAddress {
    var socketFamily: Int32 { isVersion6 ? AF_INET6 : AF_INET }
}

extension FileDescriptor {
    /// Connects a socket.
    ///
    /// The corresponding C function is `connect`.
    func connect(to address: IPAddress, port: UInt16) -> CInt {
        // A socket address has the family, two bytes for the port, four more bytes for IPv6, then the address.
        var target = sockaddr_storage()
        target.ss_family = sa_family_t(address.socketFamily)
        unsafe withUnsafeMutableBytes(of: &target) { bytes in
            unsafe bytes.storeBytes(of: port.bigEndian, toByteOffset: 2, as: UInt16.self)
            unsafe bytes[(address.isVersion6 ? 8 : 4)...].copyBytes(from: address.bytes)
        }
        let size = address.isVersion6 ? MemoryLayout<sockaddr_in6>.size : MemoryLayout<sockaddr_in>.size
        return unsafe withUnsafeBytes(of: &target) { bytes in
            unsafe Glibc.connect(raw, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(size))
        }
    }
}
