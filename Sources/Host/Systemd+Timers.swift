public import Base
import Glibc

extension Systemd {
    /// Reads when timers elapse next, over one connection.
    ///
    /// - Parameters:
    ///   - names: The timers' names, with their suffix; all of them count by the monotonic clock.
    ///   - timeout: The time for all calls together.
    /// - Returns: The time until then by name; one that is not waiting is left out.
    /// - Throws: ``Base/SystemError`` if there is no system bus or it does not answer.
    public static func timers(
        _ names: [String],
        timeout: Duration = .seconds(2),
    ) async throws(SystemError) -> [String: Duration] {
        try await timers(names, timeout: timeout, address: systemBusAddress())
    }

    /// Reads the times from the bus at an address.
    static func timers(
        _ names: [String],
        timeout: Duration,
        address: String,
    ) async throws(SystemError) -> [String: Duration] {
        guard let first = names.first else { return [:] }
        // The bus belongs to the thread that opened it.
        return try await onThread { () throws(SystemError) in
            for name in names { try SystemError.checkPath(SystemBus.operation, name) }
            let bus = try SystemBus(unit: first, deadline: .now + timeout)
            try bus.connect(to: address)
            var times: [String: Duration] = [:]
            for unit in try bus.units(named: names) where unit.state.sub == "waiting" {
                let elapses: UInt64 = try bus.number("NextElapseUSecMonotonic", of: unit.name, as: .timer)
                // A timer that has no next time is at the end of all times.
                guard elapses > 0, elapses < UInt64(Int64.max) else { continue }
                times[unit.name] = max(.zero, .microseconds(Int64(elapses)) - sinceBoot())
            }
            return times
        }
    }

    /// The clock of timers.
    private static func sinceBoot() -> Duration {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}
