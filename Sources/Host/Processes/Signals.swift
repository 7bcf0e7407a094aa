public import Base
import CShims
import Glibc

public enum Signals {
    /// Makes a write to a closed pipe fail instead of terminating the process.
    ///
    /// Called at the start of `main`.
    public static func ignoreBrokenPipe() {
        signal(SIGPIPE, SIG_IGN)
    }

    /// Returns a stream of `SIGINT`, `SIGTERM` and, unless the process was started with it ignored, `SIGHUP`.
    ///
    /// Called once in a process. Once the stream is cancelled or released, the signals terminate the process again.
    public static func interruptions() throws(SystemError) -> AsyncStream<Int32> {
        // `nohup` starts programs with SIGHUP ignored.
        let signals = [SIGINT, SIGTERM] + (nest_host_ignores_signal(SIGHUP) == 0 ? [SIGHUP] : [])
        let pipe = SignalPipe(pipe: try Pipe("cannot wait for", "signals"))
        // The handler must never block; a full pipe already holds enough signals.
        try SystemError.check("cannot wait for", "signals") { fcntl(pipe.input, F_SETFL, O_NONBLOCK) }
        let (stream, continuation) = AsyncStream.makeStream(of: Int32.self, bufferingPolicy: .bufferingNewest(16))
        continuation.onTermination = { _ in
            for number in signals { signal(number, SIG_DFL) }
        }
        for number in signals {
            try SystemError.check("cannot wait for", "signal \(name(of: number))") {
                nest_host_catch_signal(number, pipe.input)
            }
        }
        try startThread {
            // The parent process may have blocked the signals.
            _ = nest_host_unblock_interruptions()
            pipe.read { continuation.yield($0) }
        }
        return stream
    }

    /// Returns the number of a signal and, if the signal is common, its name: `9 (SIGKILL)`.
    static func name(of number: Int32) -> String {
        let names = [
            SIGHUP: "SIGHUP", SIGINT: "SIGINT", SIGQUIT: "SIGQUIT", SIGILL: "SIGILL", SIGTRAP: "SIGTRAP",
            SIGABRT: "SIGABRT", SIGBUS: "SIGBUS", SIGFPE: "SIGFPE", SIGKILL: "SIGKILL", SIGSEGV: "SIGSEGV",
            SIGPIPE: "SIGPIPE", SIGALRM: "SIGALRM", SIGTERM: "SIGTERM", SIGXCPU: "SIGXCPU", SIGXFSZ: "SIGXFSZ",
            SIGSYS: "SIGSYS",
        ]
        return names[number].map { "\(number) (\($0))" } ?? "\(number)"
    }
}

/// The pipe between the signal handler and the thread that reads the signals.
///
/// The pipe exists as long as the process, because the handler may write to it at any time.
private final class SignalPipe: Sendable {
    private let pipe: Pipe

    init(pipe: consuming Pipe) {
        self.pipe = pipe
    }

    var input: CInt { pipe.input.raw }

    /// Calls a closure with each signal, and never returns.
    func read(_ body: (Int32) -> Void) {
        while true {
            var waits = [pollfd(reading: pipe.output.raw)]
            _ = try? poll(&waits, until: .now + .seconds(3600))
            guard let numbers = try? pipe.output.read("", "", capacity: 64) else { continue }
            for number in numbers { body(Int32(number)) }
        }
    }
}
