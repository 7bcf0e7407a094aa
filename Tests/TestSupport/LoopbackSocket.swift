internal import Glibc

/// A socket that listens at a free port of loopback.
struct ListeningSocket {
    let descriptor: Int32
    let port: UInt16

    init(port wanted: UInt16 = 0, backlog: Int32 = 128) throws(SupportError) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = loopbackAddress(port: wanted)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor, $0, size) == 0 && listen(descriptor, backlog) == 0
                    && getsockname(descriptor, $0, &size) == 0
            }
        }
        guard isListening else {
            close(descriptor)
            throw SupportError("cannot listen on loopback")
        }
        self.descriptor = descriptor
        port = UInt16(bigEndian: address.sin_port)
    }
}

/// Returns a port of loopback that has no listener, for a program that listens there later.
///
/// It is below the range of which the kernel gives ports to connections, and the range of the test clusters:
/// a connection of another test could take it before the program does.
public func freePort() throws(SupportError) -> UInt16 {
    for _ in 0..<100 {
        guard let socket = try? ListeningSocket(port: .random(in: 10_000...19_999)) else { continue }
        close(socket.descriptor)
        return socket.port
    }
    throw SupportError("100 ports of loopback are in use")
}

/// Connects to a port of loopback, and returns `nil` if nothing listens there.
func connectToLoopback(port: UInt16) -> Int32? {
    let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = loopbackAddress(port: port)
    let isConnected = unsafe withUnsafeMutablePointer(to: &address) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            unsafe connect(client, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
        }
    }
    if !isConnected { close(client) }
    return isConnected ? client : nil
}

/// Reads requests from a connection and writes bytes to it.
struct ByteStream {
    private let descriptor: Int32
    private var buffer: ArraySlice<UInt8> = []

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
    }

    mutating func nextByte() -> UInt8? {
        waitForBytes() ? buffer.popFirst() : nil
    }

    /// Takes bytes that have arrived, at least one and at most `limit`; `nil` at the end of the connection.
    mutating func nextBytes(upTo limit: Int) -> ArraySlice<UInt8>? {
        guard waitForBytes() else { return nil }
        defer { buffer = buffer.dropFirst(limit) }
        return buffer.prefix(limit)
    }

    /// Reads if nothing is left of what was read, and returns whether there is something.
    private mutating func waitForBytes() -> Bool {
        guard buffer.isEmpty else { return true }
        var piece: [UInt8] = Array(repeating: 0, count: 65_536)
        let count = unsafe recv(descriptor, &piece, piece.count, 0)
        guard count > 0 else { return false }
        buffer = piece[..<count]
        return true
    }

    mutating func nextLine() -> String? {
        var line: [UInt8] = []
        while let byte = nextByte() {
            if byte == UInt8(ascii: "\n") { return String(decoding: line, as: UTF8.self) }
            if byte != UInt8(ascii: "\r") { line.append(byte) }
        }
        return nil
    }

    /// Answers a TLS handshake in plain text, as Go's servers do.
    mutating func refusesTLS() -> Bool {
        guard let first = nextByte() else { return false }
        guard first == 0x16 else {
            buffer = [first] + buffer
            return false
        }
        return write(Array("HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTPS request to an HTTP server.".utf8))
    }

    mutating func nextRequest(connection: Int) -> LoopbackServer.Request? {
        guard let words = nextLine()?.split(separator: " "), words.count == 3 else { return nil }
        var request = LoopbackServer.Request(
            method: String(words[0]),
            target: String(words[1]),
            headerLines: [],
            body: [],
            connection: connection,
        )
        while let line = nextLine(), !line.isEmpty { request.headerLines.append(line) }
        let length = request.header("Content-Length").flatMap { Int($0) } ?? 0
        // A byte at a time takes a minute for a large body under ThreadSanitizer.
        while request.body.count < length {
            guard let bytes = nextBytes(upTo: length - request.body.count) else { return nil }
            request.body += bytes
        }
        return request
    }

    func write(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes {
                unsafe send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}

/// A listener that accepts nothing and whose queue is full, so that a connection is never established.
public final class FullListener: Sendable {
    public let port: UInt16

    private let descriptors: [Int32]

    /// Starts to listen, and fills the queue.
    public init() throws(SupportError) {
        let listener = try ListeningSocket(backlog: 0)
        port = listener.port
        let address = loopbackAddress(port: listener.port)
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let clients = (0..<4).map { _ in
            let client = socket(AF_INET, type, 0)
            unsafe withUnsafePointer(to: address) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    _ = unsafe connect(client, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            return client
        }
        descriptors = [listener.descriptor] + clients
    }

    deinit {
        for descriptor in descriptors { close(descriptor) }
    }
}

private func loopbackAddress(port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    return address
}

/// A listener whose connections are established and never get a byte.
public final class SilentListener: Sendable {
    public let port: UInt16

    private let descriptor: Int32

    public init() throws(SupportError) {
        let socket = try ListeningSocket()
        (port, descriptor) = (socket.port, socket.descriptor)
    }

    deinit {
        close(descriptor)
    }
}

/// A socket with a path whose owner has stalled: it accepts no connection, reads no datagram, and its queue is full.
public final class StalledSocket: Sendable {
    public enum Kind: Sendable {
        case connections
        case datagrams
    }

    private let descriptors: [Int32]

    /// Makes the socket; of datagrams, it fills the queue.
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
