import CShims
import Glibc

/// What other processes tell this one by signals.
public enum Signals {
    /// Makes a write to a closed pipe an error instead of the process's end.
    ///
    /// Called first thing by every program that writes.
    public static func ignoreBrokenPipe() {
        signal(SIGPIPE, SIG_IGN)
    }

    /// Hands on the signals that ask the process to end, instead of ending it.
    ///
    /// Called once in a process, before what they are to interrupt. When the stream is no longer read, the signals end
    /// the process again.
    ///
    /// - Returns: `SIGINT`, `SIGTERM` and, unless it was ignored by whoever started the process, `SIGHUP` as they come.
    /// - Throws: ``SystemError`` if the system has no descriptor left.
    public static func interruptions() throws(SystemError) -> AsyncStream<Int32> {
        // `nohup` ignores the last one, and means it.
        let signals = [SIGINT, SIGTERM] + (nest_host_ignores_signal(SIGHUP) == 0 ? [SIGHUP] : [])
        let pipe = SignalPipe(pipe: try Pipe("cannot wait for", "signals"))
        let (stream, continuation) = AsyncStream.makeStream(of: Int32.self, bufferingPolicy: .bufferingNewest(16))
        continuation.onTermination = { _ in
            for number in signals { signal(number, SIG_DFL) }
        }
        startThread { pipe.read { continuation.yield($0) } }
        for number in signals {
            try SystemError.check("cannot wait for", "signal \(name(of: number))") {
                nest_host_catch_signal(number, pipe.input)
            }
        }
        return stream
    }

    /// The number of a signal with its name, as `9 (SIGKILL)`, where it is one that ends programs.
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

/// The pipe between the handler, which may do next to nothing, and the thread that hands signals on.
///
/// The thread keeps it to the end of the process, because the handler could write to it until then.
private final class SignalPipe: Sendable {
    private let pipe: Pipe

    init(pipe: consuming Pipe) {
        self.pipe = pipe
    }

    /// Where the handler writes.
    var input: CInt { pipe.input.raw }

    /// Hands on what the handler writes, for ever.
    func read(_ body: (Int32) -> Void) {
        while true {
            var waits = [pollfd(reading: pipe.output.raw)]
            _ = try? poll(&waits, until: .now + .seconds(3600))
            guard let numbers = try? pipe.output.read("", "", capacity: 64) else { continue }
            for number in numbers { body(Int32(number)) }
        }
    }
}
