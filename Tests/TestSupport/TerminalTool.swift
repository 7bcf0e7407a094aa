internal import Glibc

/// A program that a test has started on a terminal of its own.
public final class TerminalTool: Sendable {
    private struct State {
        var screen: Screen
        var isClosed = false
        /// Whether the process has been waited for, after which its number may be that of another one.
        var hasEnded = false
    }

    private let processIdentifier: Int32
    private let terminal: Int32
    private let state: Protected<State>

    /// Starts a program.
    ///
    /// * `environment`: Variables over those of the test process; `nil` takes one away.
    public init(
        _ program: String,
        _ arguments: [String],
        environment: [String: String?] = [:],
        columns: Int = 80,
    ) throws(SupportError) {
        let path = "/dev/ptmx"
        let descriptor = unsafe open(path, O_RDWR | O_NOCTTY | O_CLOEXEC)
        terminal = descriptor
        state = Protected(State(screen: Screen(columns: columns, rows: 24)))
        // What unlockpt and ptsname_r do, which Glibc does not show Swift.
        let (unlock, readNumber) = (UInt(0x4004_5431), UInt(0x8004_5430))
        var (isLocked, number): (CInt, CUnsignedInt) = (0, 0)
        guard descriptor >= 0, unsafe ioctl(descriptor, unlock, &isLocked) == 0,
            unsafe ioctl(descriptor, readNumber, &number) == 0
        else { throw SupportError("cannot open", path, code: errno) }
        Self.setSize(columns: columns, rows: 24, of: descriptor)
        var variables = TestProcess.environment
        for (key, value) in environment { variables[key] = value }
        let stream = ChildStream.file("/dev/pts/\(number)", flags: O_RDWR | O_NOCTTY)
        processIdentifier = try spawn(
            [program] + arguments,
            environment: variables.map { "\($0.key)=\($0.value)" },
            streams: [stream, stream, stream],
        )
        startTestThread { [self] in read() }
    }

    /// Takes what the program writes until it has ended.
    private func read() {
        var bytes = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = unsafe Glibc.read(terminal, &bytes, bytes.count)
            guard count > 0 else { break }
            state.withLock { $0.screen.feed(Array(bytes[..<count])) }
        }
        state.withLock { $0.isClosed = true }
    }

    public var screen: Screen { state.withLock { $0.screen } }

    /// Changes the size of the window.
    ///
    /// * `wrapsLines`: Whether lines that are too long go on in the next one, or are cut off.
    public func resize(columns: Int, rows: Int, wrapsLines: Bool) {
        state.withLock { $0.screen.resize(columns: columns, rows: rows, wrapsLines: wrapsLines) }
        Self.setSize(columns: columns, rows: rows, of: terminal)
    }

    private static func setSize(columns: Int, rows: Int, of terminal: Int32) {
        var size = winsize(ws_row: UInt16(rows), ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
        _ = unsafe ioctl(terminal, UInt(TIOCSWINSZ), &size)
    }

    /// Sends the program a signal, unless it has ended.
    public func signal(_ number: Int32) {
        guard !state.withLock({ $0.hasEnded }) else { return }
        kill(processIdentifier, number)
    }

    public func type(_ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe write(terminal, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    deinit { close(terminal) }

    /// Waits until the program has ended; to be called once.
    public func result() async -> Int32 {
        await onTestThread { [self] in
            var status: Int32 = 0
            while unsafe waitpid(processIdentifier, &status, 0) == -1 && errno == EINTR {}
            state.withLock { $0.hasEnded = true }
            // A process that it has left behind may keep the terminal open.
            let deadline = ContinuousClock.now + .seconds(10)
            while !state.withLock({ $0.isClosed }), ContinuousClock.now < deadline { usleep(1000) }
            let signal = status & 0x7F
            return signal == 0 ? (status >> 8) & 0xFF : 128 + signal
        }
    }
}
