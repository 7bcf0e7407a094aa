public import Base
import Glibc

/// A stream socket of this machine, named by a path; see unix(7).
public enum LocalSocket {
    /// Returns whether there is a socket at a path, following links; also if nobody listens at it any more.
    public static func exists(_ path: String) -> Bool {
        (try? FileStatus.at(path, followingLinks: true, "cannot examine"))?.kind == .socket
    }

    /// Connects to a socket, sends bytes, and reads what the other end sends until a caller has enough.
    ///
    /// The function blocks: call it on a thread that may.
    ///
    /// - Parameters:
    ///   - path: The path of the socket.
    ///   - request: The bytes to send.
    ///   - limit: The number of bytes after which reading ends.
    ///   - deadline: The instant after which reading ends.
    ///   - isComplete: Returns whether the bytes so far are enough.
    /// - Returns: The bytes that arrived until then, none if the other end is silent.
    /// - Throws: ``Base/SystemError`` if nothing accepts connections at the path, or the other end closes early.
    public static func exchange(
        _ path: String,
        sending request: [UInt8],
        limit: Int = 1 << 20,
        until deadline: ContinuousClock.Instant,
        isComplete: ([UInt8]) -> Bool,
    ) throws(SystemError) -> [UInt8] {
        let operation = "cannot connect to"
        let file = try connect(to: path, operation)
        try send(request, to: file, path)
        var bytes: [UInt8] = []
        while bytes.count < limit, !isComplete(bytes) {
            var waits = [pollfd(reading: file.raw)]
            guard try poll(&waits, until: deadline), deadline > .now else { break }
            let part: [UInt8]
            do throws(SystemError) {
                part = try file.read("cannot read from", path, capacity: 1 << 14)
            } catch {
                if error.code == EAGAIN { continue }
                throw error
            }
            if part.isEmpty { break }
            bytes += part
        }
        return bytes
    }

    private static func connect(to path: String, _ operation: String) throws(SystemError) -> FileDescriptor {
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
        return file
    }

    /// Sends a request, which is so short that it fits into the buffer of the socket.
    private static func send(_ request: [UInt8], to file: borrowing FileDescriptor, _ path: String) throws(SystemError)
    {
        let raw = file.raw
        _ = try SystemError.check("cannot write to", path) {
            unsafe Glibc.send(raw, request, request.count, Int32(MSG_NOSIGNAL))
        }
    }
}
