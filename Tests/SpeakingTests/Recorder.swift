import Execution
import Speaking
import Locking

/// What an outlet was given, and the hands of the clocks.
final class Recorder: Sendable {
    private let texts = Locked<[(Outlet.Stream, String)]>([])
    private let time = Locked(Duration.zero)

    /// An outlet that this remembers.
    var outlet: Outlet {
        Outlet { [self] bytes, stream in
            texts.withLock { $0.append((stream, String(decoding: bytes, as: UTF8.self))) }
        }
    }

    /// What came out so far.
    func text(_ stream: Outlet.Stream = .results) -> String {
        texts.withLock { $0.filter { $0.0 == stream }.map(\.1).joined() }
    }

    /// How often something was written.
    var writeCount: Int { texts.withLock { $0.count } }

    /// Lets time pass.
    func pass(_ duration: Duration) {
        time.withLock { $0 += duration }
    }

    /// The time that has passed.
    func uptime() -> Duration { time.withLock { $0 } }
}

/// An error without any protocol but its own.
struct Plain: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
