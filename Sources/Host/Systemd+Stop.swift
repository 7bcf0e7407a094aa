public import Base
import Glibc

extension Systemd {
    /// Lists the loaded units with matching names that are not inactive.
    ///
    /// - Parameters:
    ///   - patterns: The patterns, with `*` for any text.
    ///   - timeout: The time for all calls.
    /// - Returns: Their names, sorted; also those of units that have failed.
    /// - Throws: ``Base/SystemError`` if there is no system bus or it does not answer.
    public static func units(
        matching patterns: [String],
        timeout: Duration = .seconds(10),
    ) async throws(SystemError) -> [String] {
        let address = systemBusAddress()
        return try await onThread { () throws(SystemError) in
            let bus = try SystemBus(unit: patterns.joined(separator: " "), deadline: .now + timeout)
            try bus.connect(to: address)
            return try bus.units(matching: patterns).filter { $0.state.active != "inactive" }.map(\.name).sorted()
        }
    }

    /// Stops all units with matching names, and waits until they have ended.
    ///
    /// Timers first, so that they start nothing meanwhile; then all at once, so that systemd stops units before those that
    /// they are ordered after. Units that have failed are forgotten.
    ///
    /// - Parameters:
    ///   - patterns: The patterns, with `*` for any text.
    ///   - deadline: The instant after which the wait is given up.
    /// - Throws: ``Base/SystemError`` that names a unit that has not ended in time, or if systemd does not answer, with the
    ///   code `ECANCELED` if the task is cancelled.
    public static func stop(
        matching patterns: [String],
        until deadline: ContinuousClock.Instant,
    ) async throws(SystemError) {
        let address = systemBusAddress()
        let subject = patterns.joined(separator: " ")
        try await onThread(stopping, subject) { (cancelled) throws(SystemError) in
            var bus = try SystemBus(unit: subject, deadline: .now + answerLimit)
            try bus.connect(to: address)
            try bus.subscribeToJobs()
            for patterns in [patterns.map { "\($0).timer" }, patterns] {
                while true {
                    bus.setDeadline(.now + answerLimit)
                    let running = try bus.units(matching: patterns).filter { unit in
                        !["inactive", "failed"].contains(unit.state.active)
                    }
                    guard let first = running.first else { break }
                    guard deadline > .now else {
                        throw SystemError(stopping, first.name, code: ETIMEDOUT, detail: "it has not ended in time")
                    }
                    // A job that starts a unit is replaced; one that stops it stays the same.
                    for unit in running { try bus.queue(.stop(unit.name)) }
                    // A unit may end without a signal.
                    guard try bus.waitForSignal(until: min(deadline, .now + .seconds(1)), cancelled) else {
                        throw SystemError(stopping, first.name, code: ECANCELED)
                    }
                }
            }
            bus.setDeadline(.now + answerLimit)
            for unit in try bus.units(matching: patterns) where unit.state.active == "failed" {
                try bus.resetFailed(unit.name)
            }
        }
    }

    private static let stopping = "cannot stop"

    /// How long systemd may take to answer a call.
    private static let answerLimit = Duration.seconds(5)
}
