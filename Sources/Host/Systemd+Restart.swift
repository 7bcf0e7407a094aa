public import Base
import Glibc

extension Systemd {
    /// Restarts a unit that is active, and waits until it is active again.
    ///
    /// A unit that is not active stays so. One that is ordered after a unit whose start the caller is a part of is
    /// restarted without waiting: it starts when that unit has.
    ///
    /// - Parameters:
    ///   - name: The unit's name, with its suffix.
    ///   - own: The units whose start the caller may be a part of; it is of those that are starting.
    ///   - startsFailed: Whether a unit that has failed is started as well.
    ///   - deadline: The instant after which the wait is given up.
    /// - Returns: Whether it was restarted.
    /// - Throws: ``Base/SystemError`` that names the unit if it does not exist, systemd refuses, or it is not active after
    ///   the restart, with the code `ECANCELED` if the task is cancelled.
    public static func restart(
        _ name: String,
        from own: [String],
        startsFailed: Bool,
        deadline: ContinuousClock.Instant,
    ) async throws(SystemError) -> Bool {
        try await restart(name, from: own, startsFailed: startsFailed, deadline: deadline, address: systemBusAddress())
    }

    /// Restarts a unit with the bus at an address.
    static func restart(
        _ name: String,
        from own: [String],
        startsFailed: Bool,
        deadline: ContinuousClock.Instant,
        address: String,
    ) async throws(SystemError) -> Bool {
        try SystemError.checkPath(restartOperation, name)
        if own.contains(name) { throw failed(name, EINVAL, "it is what restarts it", "remove it from 'restart'") }
        return try await onThread(restartOperation, name) { (cancelled) throws(SystemError) in
            do throws(SystemError) {
                var bus = try SystemBus(unit: name, deadline: .now + restartAnswerLimit)
                try bus.connect(to: address)
                try bus.subscribe()
                let state = try bus.unitState()
                guard state.load != "not-found" else {
                    let advice = "correct its name in 'restart', or install the unit"
                    throw failed(name, ENOENT, "there is no such unit", advice)
                }
                let isUp = ["active", "activating", "reloading"].contains(state.active)
                guard isUp || startsFailed && state.active == "failed" else { return false }
                let starting = try bus.units(named: own).filter { $0.hasJob || $0.state.active == "activating" }.map(
                    \.name
                )
                let isLater = try bus.texts("After", of: name).contains(where: starting.contains)
                try bus.queue(.restart(name))
                if isLater { return true }
                while try bus.units(named: [name]).contains(where: \.hasJob) {
                    guard deadline > .now else { throw failed(name, ETIMEDOUT, "it has not started in time") }
                    // A job may end without a signal, such as one that another replaces.
                    guard try bus.waitForSignal(until: min(deadline, .now + .seconds(10)), cancelled) else {
                        throw failed(name, ECANCELED)
                    }
                    bus.setDeadline(.now + restartAnswerLimit)
                }
                let result = try bus.unitState()
                guard result.isActive || result.active == "reloading" else {
                    throw failed(name, EIO, "after the restart it is \(result)")
                }
                return true
            } catch {
                // The bus names what it was asked.
                throw failed(name, error.code, error.reason, error.advice)
            }
        }
    }

    private static let restartOperation = "cannot restart"

    /// How long systemd may take to answer a call.
    private static let restartAnswerLimit = Duration.seconds(5)

    private static func failed(
        _ unit: String,
        _ code: Int32,
        _ detail: String? = nil,
        _ advice: String? = nil,
    ) -> SystemError {
        SystemError(restartOperation, unit, code: code, detail: detail, advice: advice)
    }
}
