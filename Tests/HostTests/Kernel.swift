import Base
import Glibc
import Host
import Testing

/// What the tests need of the kernel and Host does not offer.
enum Kernel {
    /// Makes a named pipe.
    static func makeFIFO(_ path: String) throws {
        try #require(unsafe mkfifo(path, 0o600) == 0)
    }

    /// Makes a pipe whose ends the test closes; the flags are for the end to write to.
    static func makePipe(flags: CInt = 0) throws -> (output: CInt, input: CInt) {
        var ends: [CInt] = [-1, -1]
        try #require(unsafe pipe(&ends) == 0)
        try #require(fcntl(ends[1], F_SETFL, flags) == 0)
        // A server that another test starts must not keep an end open: its reader would wait for ever.
        for end in ends { try #require(fcntl(end, F_SETFD, FD_CLOEXEC) == 0) }
        return (ends[0], ends[1])
    }

    /// Reads until the other end is closed.
    static func readAll(_ descriptor: CInt) -> [UInt8] {
        var received: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = unsafe read(descriptor, &chunk, chunk.count)
            if count <= 0 { return received }
            received += chunk[..<count]
        }
    }

    /// Opens a new terminal.
    static func openTerminal() throws -> CInt {
        let terminal = unsafe open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        try #require(terminal >= 0)
        return terminal
    }

    /// Sets the width of a terminal.
    static func setColumns(_ columns: UInt16, of terminal: CInt) throws {
        var size = winsize(ws_row: 25, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        try #require(unsafe ioctl(terminal, UInt(TIOCSWINSZ), &size) == 0)
    }

    /// Lets this process write no file longer than this.
    static func limitFileSize(_ count: UInt) throws {
        signal(SIGXFSZ, SIG_IGN)
        var limit = rlimit(rlim_cur: count, rlim_max: count)
        try #require(unsafe setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
    }

    /// Whether the calling thread blocks a signal.
    static func blocks(_ signal: CInt) -> Bool {
        var mask = sigset_t()
        unsafe pthread_sigmask(SIG_BLOCK, nil, &mask)
        return unsafe sigismember(&mask, signal) == 1
    }

    /// Sets a variable of this process, which only a process of one test may do.
    static func setVariable(_ name: String, _ value: String) {
        unsafe setenv(name, value, 1)
    }

    /// Removes a variable of this process, which only a process of one test may do.
    static func removeVariable(_ name: String) {
        unsafe unsetenv(name)
    }

    /// Blocks a signal on the calling thread.
    static func block(_ signal: CInt) {
        var mask = sigset_t()
        unsafe sigemptyset(&mask)
        unsafe sigaddset(&mask, signal)
        unsafe pthread_sigmask(SIG_BLOCK, &mask, nil)
    }

    /// Opens a file so that every program started meanwhile would get it.
    static func openInheritable(_ path: String, _ flags: CInt = O_RDONLY) -> CInt {
        unsafe open(path, flags)
    }

    /// Writes an empty line to a reader of a named pipe.
    static func writeLine(toFIFO path: String) {
        let descriptor = unsafe open(path, O_WRONLY | O_CLOEXEC)
        try? writeAll([UInt8(ascii: "\n")], to: descriptor, "cannot write to", path)
        close(descriptor)
    }

    /// Whether a process runs no more, although its new parent may not have noticed.
    static func isGone(process: String) throws -> Bool {
        let path = "/proc/\(process)/stat"
        guard let bytes = try? readFile(path, limit: 10_000) else { return true }
        let state = String(decoding: bytes, as: UTF8.self).split(separator: ") ").last?.first
        return state == "Z" || state == "X"
    }
}

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
