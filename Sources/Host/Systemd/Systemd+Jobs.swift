public import Base
import Glibc

extension Systemd {
    /// An operation on a unit.
    public enum Job: Sendable, Hashable {
        /// Starts a unit, with the units that it requires; an active unit is left alone.
        case start(String)
        /// Restarts a unit, or starts it if it is not active.
        case restart(String)
        /// Stops a unit, with the units that require it or are part of it.
        case stop(String)
    }

    /// Queues jobs, without waiting for them to end.
    ///
    /// A job that systemd refuses, such as the job of a masked unit, does not prevent other jobs from being queued.
    ///
    /// - Parameters:
    ///   - jobs: The jobs, in the order in which they are queued.
    ///   - timeout: The time limit for all calls together.
    /// - Throws: ``Base/SystemError`` if there is no system bus, it does not answer, or systemd refuses a job.
    public static func queue(_ jobs: [Job], timeout: Duration = .seconds(10)) async throws(SystemError) {
        guard !jobs.isEmpty else { return }
        try await withBus(jobs[0].unit, timeout) { bus throws(SystemError) in
            var failure: SystemError?
            for job in jobs {
                do throws(SystemError) {
                    try SystemError.checkPath(SystemBus.operation, job.unit)
                    try bus.queue(job)
                } catch {
                    failure = failure ?? error
                }
            }
            if let failure { throw failure }
        }
    }

    /// Makes systemd run its generators and reload all units.
    ///
    /// - Parameter timeout: The time limit for the reload.
    /// - Throws: ``Base/SystemError`` if there is no system bus, it does not answer, or systemd refuses.
    public static func reload(timeout: Duration = .seconds(60)) async throws(SystemError) {
        try await withBus("init.scope", timeout) { bus throws(SystemError) in try bus.reload() }
    }

    /// Reads the description of a unit.
    ///
    /// - Parameters:
    ///   - name: The unit's name, with its suffix.
    ///   - timeout: The time limit for the call.
    /// - Returns: The description, or the name of a unit without a description.
    /// - Throws: ``Base/SystemError`` if there is no system bus or it does not answer.
    public static func description(
        of name: String,
        timeout: Duration = .seconds(10),
    ) async throws(SystemError) -> String {
        try SystemError.checkPath(SystemBus.operation, name)
        return try await withBus(name, timeout) { bus throws(SystemError) in try bus.unitProperty("Description") }
    }
}

extension Systemd.Job {
    /// The unit's name.
    var unit: String {
        switch self {
        case .start(let unit), .restart(let unit), .stop(let unit): unit
        }
    }

    /// The method of systemd's manager.
    var method: String {
        switch self {
        case .start: "StartUnit"
        case .restart: "RestartUnit"
        case .stop: "StopUnit"
        }
    }
}

extension Systemd {
    /// Restarts a unit that is active, and waits until it is active again.
    ///
    /// A unit that is neither active nor starting is left alone. If one of the caller's own units is still starting and
    /// the unit is ordered after it, the restart is queued without waiting.
    ///
    /// - Parameters:
    ///   - name: The unit's name, with its suffix.
    ///   - own: The caller's own units. If one of them is still starting, and the restarted unit is ordered after it,
    ///     the restart is queued without waiting, because waiting would never end.
    ///   - startsFailed: Whether a unit that has failed is started as well.
    ///   - deadline: The instant after which the wait is given up.
    ///   - address: The address of the bus, `nil` for the system bus.
    /// - Returns: Whether the unit was restarted.
    /// - Throws: ``Base/SystemError`` that names the unit if it does not exist, systemd refuses, or the unit is not
    ///   active after the restart, with the code `ECANCELED` if the task is cancelled.
    public static func restart(
        _ name: String,
        from own: [String],
        startsFailed: Bool,
        deadline: ContinuousClock.Instant,
        address: String? = nil,
    ) async throws(SystemError) -> Bool {
        try SystemError.checkPath(restartOperation, name)
        if own.contains(name) { throw failed(name, EINVAL, "it is what restarts it", "remove it from 'restart'") }
        return try await onThread(restartOperation, name) { (cancelled) throws(SystemError) in
            do throws(SystemError) {
                var bus = try SystemBus(unit: name, deadline: .now + answerLimit)
                try bus.connect(to: address ?? systemBusAddress())
                try bus.subscribe()
                let state = try bus.unitState()
                guard state.load != "not-found" else {
                    let advice = "correct its name in 'restart', or install the unit"
                    throw failed(name, ENOENT, "there is no such unit", advice)
                }
                let isUp = ["active", "activating", "reloading"].contains(state.active)
                guard isUp || startsFailed && state.active == "failed" else { return false }
                // The task may have changed the unit's own files.
                if try bus.needsReload(for: name) {
                    bus.setDeadline(.now + slowAnswerLimit)
                    try bus.reload()
                    bus.setDeadline(.now + answerLimit)
                }
                let starting = try bus.units(named: own).filter { $0.hasJob || $0.state.active == "activating" }.map(
                    \.name
                )
                let isLater = try bus.texts("After", of: name).contains(where: starting.contains)
                try bus.queue(.restart(name))
                if isLater { return true }
                while try bus.units(named: [name]).contains(where: \.hasJob) {
                    guard deadline > .now else { throw failed(name, ETIMEDOUT, "it has not started in time") }
                    // A job may end without a signal, such as when another job replaces it.
                    guard try bus.waitForSignal(until: min(deadline, .now + .seconds(10)), cancelled) else {
                        throw failed(name, ECANCELED)
                    }
                    bus.setDeadline(.now + answerLimit)
                }
                let result = try bus.unitState()
                guard result.isActive || result.active == "reloading" else {
                    throw failed(name, EIO, "after the restart it is \(result)")
                }
                return true
            } catch {
                // Errors of the bus name the query, not the restart.
                throw failed(name, error.code, error.reason, error.advice)
            }
        }
    }

    private static let restartOperation = "cannot restart"

    private static func failed(
        _ unit: String,
        _ code: Int32,
        _ detail: String? = nil,
        _ advice: String? = nil,
    ) -> SystemError {
        SystemError(restartOperation, unit, code: code, detail: detail, advice: advice)
    }
}

extension Systemd {
    /// Lists the loaded units that have a matching name and are not inactive.
    ///
    /// - Parameters:
    ///   - patterns: The patterns, with `*` for any text.
    ///   - timeout: The time limit for all calls.
    /// - Returns: The sorted names of the units, including failed units.
    /// - Throws: ``Base/SystemError`` if there is no system bus or it does not answer.
    public static func units(
        matching patterns: [String],
        timeout: Duration = .seconds(10),
    ) async throws(SystemError) -> [String] {
        try await withBus(patterns.joined(separator: " "), timeout) { bus throws(SystemError) in
            try bus.units(matching: patterns).filter { $0.state.active != "inactive" }.map(\.name).sorted()
        }
    }

    /// Stops all units with matching names, and waits until they have ended.
    ///
    /// Timers are stopped first, so that they start nothing meanwhile. The other units are stopped all at once, so that
    /// systemd stops each unit before the units that it is ordered after. The failed state of units is reset.
    ///
    /// - Parameters:
    ///   - patterns: The patterns, with `*` for any text.
    ///   - deadline: The instant after which the wait is given up.
    /// - Throws: ``Base/SystemError`` if systemd does not answer or a unit, which the error names, has not ended in
    ///   time. The code is `ECANCELED` if the task is cancelled.
    public static func stop(
        matching patterns: [String],
        until deadline: ContinuousClock.Instant,
    ) async throws(SystemError) {
        let subject = patterns.joined(separator: " ")
        try await onThread(stopping, subject) { (cancelled) throws(SystemError) in
            var bus = try SystemBus(unit: subject, deadline: .now + answerLimit)
            try bus.connect(to: systemBusAddress())
            try bus.subscribeToJobs()
            for patterns in [patterns.map { "\($0).timer" }, patterns] {
                while true {
                    bus.setDeadline(.now + answerLimit)
                    // A unit that is yet to start, such as a target that waits for a service, would start afterwards.
                    let running = try bus.units(matching: patterns).filter { unit in
                        unit.hasJob || !["inactive", "failed"].contains(unit.state.active)
                    }
                    guard let first = running.first else { break }
                    guard deadline > .now else {
                        throw SystemError(stopping, first.name, code: ETIMEDOUT, detail: "it has not ended in time")
                    }
                    // A pending start job is replaced; a pending stop job stays the same.
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

    /// The time limit for systemd's answer to a call.
    private static let answerLimit = Duration.seconds(5)
}
