public import Base
import Glibc

/// Operations on Unix domain sockets that have a path; see unix(7).
public enum LocalSocket {
    /// Returns whether a socket exists at a path, following links; a socket without a listener counts.
    public static func exists(_ path: String) -> Bool {
        (try? FileStatus.at(path, followingLinks: true, "cannot examine"))?.kind == .socket
    }

    /// Connects to a stream socket, and closes the connection.
    ///
    /// - Throws: ``Base/SystemError`` if the connection cannot be established immediately.
    public static func connect(to path: String) throws(SystemError) {
        let operation = "cannot connect to"
        try SystemError.checkPath(operation, path)
        let file = FileDescriptor(
            adopting: try SystemError.check(operation, path) {
                socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
            }
        )
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw SystemError(operation, path, code: ENAMETOOLONG)
        }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        try SystemError.check(operation, path) {
            unsafe withUnsafePointer(to: &address) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe Glibc.connect(file.raw, $0, size)
                }
            }
        }
    }
}
