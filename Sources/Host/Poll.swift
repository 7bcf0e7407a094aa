import Base
import Glibc

/// Waits until one of the descriptors is ready.
///
/// The corresponding C function is `poll`.
///
/// - Returns: Whether one is ready; `false` at the deadline.
func poll(_ waits: inout [pollfd], until deadline: ContinuousClock.Instant) throws(SystemError) -> Bool {
    while true {
        // At most an hour: the loop polls again.
        let timeout = CInt((deadline - .now).milliseconds(atMost: 3_600_000))
        let count = unsafe Glibc.poll(&waits, nfds_t(waits.count), timeout)
        let code = errno
        if count > 0 { return true }
        if count < 0, code != EINTR { throw SystemError("cannot wait for", "\(waits.count) descriptors", code: code) }
        if deadline <= .now { return false }
    }
}

extension pollfd {
    /// Waits for input, or for the other side to close.
    init(reading descriptor: CInt) {
        self.init(fd: descriptor, events: Int16(POLLIN), revents: 0)
    }

    /// Whether an event was reported, an end or an error included.
    var isReady: Bool { revents != 0 }
}
