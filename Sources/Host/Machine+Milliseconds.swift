import Glibc

extension Machine {
    /// Asks what time it is, as precisely as people read it.
    ///
    /// - Returns: The milliseconds since 1970 by the machine's clock, right or wrong.
    public static func milliseconds() -> Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
