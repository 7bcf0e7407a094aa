import Glibc

/// Waits until one of the descriptors is ready.
///
/// The corresponding C function is `poll`.
///
/// - Returns: Whether one is ready; `false` at the deadline.
func poll(_ waits: inout [pollfd], until deadline: ContinuousClock.Instant) throws(SystemError) -> Bool {
    while true {
        let count = unsafe Glibc.poll(&waits, nfds_t(waits.count), deadline.pollMilliseconds)
        let code = errno
        if count > 0 { return true }
        if count < 0, code != EINTR { throw SystemError("cannot wait for", "\(waits.count) descriptors", code: code) }
        if deadline <= .now { return false }
    }
}

extension ContinuousClock.Instant {
    /// The milliseconds until then, rounded up, at most an hour: who waits asks again.
    fileprivate var pollMilliseconds: CInt {
        let rest = ContinuousClock.now.duration(to: self)
        if rest <= .zero { return 0 }
        if rest >= .seconds(3600) { return 3_600_000 }
        let (seconds, attoseconds) = rest.components
        return CInt(seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}

extension pollfd {
    /// Waits for something to read, or for the other side to close.
    init(reading descriptor: CInt) {
        self.init(fd: descriptor, events: Int16(POLLIN), revents: 0)
    }

    /// Whether a read would not block: there are bytes, the end or an error.
    var isReady: Bool { revents != 0 }
}
