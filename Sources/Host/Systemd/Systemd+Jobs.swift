public import Base
import Glibc

extension Systemd {
    /// A change of the state of a unit.
    public struct Job: Sendable, Hashable {
        var change: ServiceChange
        var unit: String

        /// Starts a unit, with the units that it requires; an active unit is left alone.
        public static func start(_ unit: String) -> Job { Job(change: .start, unit: unit) }
        /// Restarts a unit, or starts it if it is not active.
        public static func restart(_ unit: String) -> Job { Job(change: .restart, unit: unit) }
        /// Stops a unit, with the units that require it or are part of it.
        public static func stop(_ unit: String) -> Job { Job(change: .stop, unit: unit) }
    }

    /// Queues jobs, without waiting for them to end.
    ///
    /// A job that systemd refuses, such as the job of a masked unit, does not prevent other jobs from being queued.
    ///
    /// - Parameters:
    ///   - jobs: The jobs, in the order in which they are queued.
    ///   - timeout: The time limit for all calls together.
    ///   - address: The address of the bus, `nil` for the system bus.
    /// - Throws: ``Base/SystemError`` if there is no system bus, it does not answer, or systemd refuses a job.
    public static func queue(
        _ jobs: [Job],
        timeout: Duration = .seconds(10),
        address: String? = nil,
    ) async throws(SystemError) {
        guard !jobs.isEmpty else { return }
        try await withBus(jobs[0].unit, timeout, address) { bus throws(SystemError) in
            var failure: SystemError?
            for job in jobs {
                do throws(SystemError) {
                    try bus.queue(job.change, job.unit)
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
        try await withBus("init.scope", timeout) { bus throws(SystemError) in try bus.order("Reload") }
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
        try await withBus(name, timeout) { bus throws(SystemError) in try bus.text("Description", of: name) }
    }
}

extension Systemd {
    /// Restarts a unit that is active, and waits until it is active again.
    ///
    /// A unit that is neither active nor starting is left alone.
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
        func failed(_ code: Int32, _ detail: String, _ advice: String? = nil) -> SystemError {
            SystemError("cannot restart", name, code: code, detail: detail, advice: advice)
        }
        if own.contains(name) { throw failed(EINVAL, "it is what restarts it", "remove it from 'restart'") }
        do throws(SystemError) {
            let state = try await installedUnit(name, address: address)
            guard state.unit.load != "not-found" else {
                let advice = "correct its name in 'restart', or install the unit"
                throw failed(ENOENT, "there is no such unit", advice)
            }
            guard state.isUp || startsFailed && state.unit.active == "failed" else { return false }
            switch try await change(
                name,
                .restart,
                from: own,
                settlingTime: .zero,
                deadline: deadline,
                address: address
            ) {
            case nil: break
            case .waitsForCaller: try await queue([.restart(name)], address: address)
            case .notInTime: throw failed(ETIMEDOUT, "it has not started in time")
            case .failed(let end): throw failed(EIO, "after the restart it is \(end.state)")
            }
            return true
        } catch {
            // Errors of the bus name the query, not the restart.
            throw failed(error.code, error.reason, error.advice)
        }
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
                    bus.deadline = .now + answerLimit
                    // A unit that is yet to start, such as a target that waits for a service, would start afterwards.
                    let running = try bus.units(matching: patterns).filter { unit in
                        unit.hasJob || !["inactive", "failed"].contains(unit.state.active)
                    }
                    guard let first = running.first else { break }
                    guard deadline > .now else {
                        throw SystemError(stopping, first.name, code: ETIMEDOUT, detail: "it has not ended in time")
                    }
                    // A pending start job is replaced; a pending stop job stays the same.
                    for unit in running { try bus.queue(.stop, unit.name) }
                    // A unit may end without a signal.
                    guard try bus.waitForSignal(until: min(deadline, .now + .seconds(1)), cancelled) else {
                        throw SystemError(stopping, first.name, code: ECANCELED)
                    }
                }
            }
            bus.deadline = .now + answerLimit
            for unit in try bus.units(matching: patterns) where unit.state.active == "failed" {
                try bus.order("ResetFailedUnit", unit.name)
            }
        }
    }

    private static let stopping = "cannot stop"

    /// The time limit for systemd's answer to a call.
    private static let answerLimit = Duration.seconds(5)
}
