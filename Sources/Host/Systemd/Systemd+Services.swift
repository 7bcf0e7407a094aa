public import Base
import Glibc

public struct InstalledUnit: Sendable, Hashable {
    public var unit: UnitState

    /// The state of the unit's file, such as `enabled`, `disabled`, `static` or `masked`; empty if there is no file.
    public var file: String

    /// Whether the unit is enabled permanently, not only until the next boot.
    public var isEnabled: Bool { ["enabled", "alias"].contains(file) }

    public var isUp: Bool { ["active", "activating", "reloading"].contains(unit.active) }
}

extension Systemd {
    /// A change of a unit's state, as `systemctl` names it, except that `reload` means `reload-or-restart`.
    public enum ServiceChange: String, Sendable, Hashable {
        case start, stop, restart, reload

        /// The past participle, such as `started`.
        public var participle: String { self == .stop ? "stopped" : "\(rawValue)ed" }
    }

    /// Reads the state of a unit and of its file; a unit that does not exist has the load state `not-found`.
    public static func installedUnit(_ name: String) async throws(SystemError) -> InstalledUnit {
        try await withBus(name, .seconds(10)) { bus throws(SystemError) in try bus.installedUnit() }
    }

    /// Enables or disables the start of a unit at boot, reloads systemd, and returns the state of the unit afterwards.
    public static func setEnabled(_ isEnabled: Bool, _ name: String) async throws(SystemError) -> InstalledUnit {
        let operation = isEnabled ? "cannot enable" : "cannot disable"
        return try await withBus(name, slowAnswerLimit) { bus throws(SystemError) in
            do throws(SystemError) {
                try bus.setEnabled(isEnabled, name)
                try bus.order("Reload")
                return try bus.installedUnit()
            } catch {
                throw SystemError(operation, name, code: error.code, detail: error.reason, advice: error.advice)
            }
        }
    }

    /// Changes the state of a unit, and waits until the change is complete.
    ///
    /// If the unit's files have changed, systemd is reloaded first. A started unit must still be active after the
    /// settling time, or be a oneshot service that succeeded: most services count as started once their program runs.
    ///
    /// `name` includes the suffix. `own` contains the caller's units and the units that wait for the caller. If one of
    /// them is starting and the unit is ordered after it, only a stop is performed: other changes would never end.
    ///
    /// - Returns: The reason why the unit has not reached the state by the deadline, or `nil` if it has.
    /// - Throws: ``Base/SystemError`` if systemd refuses the change or does not respond. If the task is cancelled, the
    ///   code is `ECANCELED`.
    public static func change(
        _ name: String,
        _ change: ServiceChange,
        from own: [String],
        settlingTime: Duration = .seconds(1),
        deadline: ContinuousClock.Instant,
    ) async throws(SystemError) -> ServiceFailure? {
        let operation = "cannot \(change.rawValue)"
        let address = busAddress
        return try await onThread(operation, name) { (cancelled) throws(SystemError) -> ServiceFailure? in
            do throws(SystemError) {
                var bus = try SystemBus(unit: name, deadline: .now + slowAnswerLimit)
                try bus.connect(to: address)
                if try bus.needsReload(for: name) { try bus.order("Reload") }
                bus.deadline = .now + slowAnswerLimit
                // Without a reference, systemd would unload the unit, and lose the results of its start.
                try bus.order("RefUnit", name)
                try bus.subscribe()
                if change != .stop, let first = try bus.starting(own, before: name).first {
                    return .waitsForCaller(first)
                }
                guard let result = try runJob(of: name, change, until: deadline, &bus, cancelled) else {
                    return .notInTime
                }
                guard change != .stop else {
                    let state = try bus.unitState()
                    return ["inactive", "failed"].contains(state.active) ? nil : .failed(try bus.end(of: name, result))
                }
                guard result == "done" else { return .failed(try bus.end(of: name, result)) }
                let settled = ContinuousClock.now + settlingTime
                while true {
                    guard ["active", "reloading"].contains(try bus.unitState().active) else {
                        return try bus.hasCompleted(name) ? nil : .failed(try bus.end(of: name, result))
                    }
                    if settled <= .now { return nil }
                    try wait(until: settled, &bus, cancelled)
                }
            } catch {
                throw SystemError(operation, name, code: error.code, detail: error.reason, advice: error.advice)
            }
        }
    }

    /// Queues the job for a change, and waits until the job has ended; returns its result, or `nil` at the deadline.
    private static func runJob(
        of name: String,
        _ change: ServiceChange,
        until deadline: ContinuousClock.Instant,
        _ bus: inout SystemBus,
        _ cancelled: Waker,
    ) throws(SystemError) -> String? {
        let job = try bus.queue(change, name)
        var result: String?
        while result == nil {
            guard deadline > .now else { return nil }
            let hasJob = try bus.units(named: [name]).contains(where: \.hasJob)
            // After `systemctl daemon-reexec`, systemd does not report the end of a job. If the job has just
            // ended, its signal has arrived before the reply to the call above.
            let limit = hasJob ? min(deadline, .now + .seconds(1)) : .now
            try wait(until: limit, &bus, cancelled) { if $0 == job { result = $1 } }
            if !hasJob { result = result ?? "done" }
        }
        return result
    }

    /// The time limit for a reply from systemd, which may be busy or be reloading its units.
    static let slowAnswerLimit = Duration.seconds(60)

    private static func wait(
        until instant: ContinuousClock.Instant,
        _ bus: inout SystemBus,
        _ cancelled: Waker,
        onJobEnd: (String, String) -> Void = { _, _ in },
    ) throws(SystemError) {
        guard try bus.waitForSignal(until: instant, cancelled, onJobEnd: onJobEnd) else {
            throw SystemError(SystemBus.operation, "systemd", code: ECANCELED)
        }
        bus.deadline = .now + slowAnswerLimit
    }
}

/// The reason why a unit has not reached the intended state.
public enum ServiceFailure: Sendable, Hashable {
    /// The unit is ordered after the given unit, which is the caller's or waits for the caller.
    case waitsForCaller(String)
    case notInTime
    case failed(ServiceEnd)
}

/// The state of a unit after a failed change, with the reasons that systemd gives.
public struct ServiceEnd: Sendable, Hashable {
    public var state: UnitState

    /// The result of the job, such as `done`, `failed`, `canceled` or `dependency`.
    public var job: String

    /// The result of the last start, such as `success`, `exit-code` or `timeout`; empty if the unit is not a service.
    public var result: String

    /// The exit status of the main process, or `nil` if it is not the reason for the failure.
    public var exitStatus: Int32?

    /// Whether a condition of the unit, such as `ConditionPathExists=`, prevented its start.
    public var lacksCondition: Bool
}

extension SystemBus {
    fileprivate func installedUnit() throws(SystemError) -> InstalledUnit {
        InstalledUnit(unit: try unitState(), file: try text("UnitFileState", of: unit))
    }

    /// Returns the units in `own` that are starting or have a job, and that `unit` is ordered after.
    fileprivate func starting(_ own: [String], before unit: String) throws(SystemError) -> [String] {
        let starting = try units(named: own).filter { $0.hasJob || $0.state.active == "activating" }.map(\.name)
        let earlier = try texts("After", of: unit)
        return starting.filter(earlier.contains)
    }

    /// Returns whether a unit is a oneshot service that has run and ended with success.
    fileprivate func hasCompleted(_ unit: String) throws(SystemError) -> Bool {
        guard try unitState().active == "inactive", unit.hasSuffix(".service"),
            try text("Type", of: unit, as: .service) == "oneshot", try flag("ConditionResult", of: unit)
        else { return false }
        return try text("Result", of: unit, as: .service) == "success"
    }

    /// Reads the state of a unit after a failed change, and the reasons for the failure.
    fileprivate func end(of unit: String, _ job: String) throws(SystemError) -> ServiceEnd {
        let state = try unitState()
        var end = ServiceEnd(state: state, job: job, result: "", exitStatus: nil, lacksCondition: false)
        if job == "done", state.active == "inactive" { end.lacksCondition = try !flag("ConditionResult", of: unit) }
        guard unit.hasSuffix(".service") else { return end }
        end.result = try text("Result", of: unit, as: .service)
        if end.result == "exit-code", try status("ExecMainCode", of: unit) == Int32(CLD_EXITED) {
            end.exitStatus = try status("ExecMainStatus", of: unit)
        }
        return end
    }
}

extension Systemd {
    public typealias Job = (change: ServiceChange, unit: String)

    /// Queues jobs in the given order, without waiting for them to end.
    ///
    /// A job that systemd refuses, such as the job of a masked unit, does not prevent other jobs from being queued; the
    /// first refusal is thrown at the end. The timeout covers all calls together.
    public static func queue(
        _ jobs: [Job],
        timeout: Duration = .seconds(10),
    ) async throws(SystemError) {
        guard !jobs.isEmpty else { return }
        try await withBus(jobs[0].unit, timeout) { bus throws(SystemError) in
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
    public static func reload() async throws(SystemError) {
        try await withBus("init.scope", slowAnswerLimit) { bus throws(SystemError) in try bus.order("Reload") }
    }

    /// Reads the description of a unit; if the unit declares none, systemd returns the unit's name.
    public static func description(of name: String) async throws(SystemError) -> String {
        try await withBus(name, .seconds(10)) { bus throws(SystemError) in try bus.text("Description", of: name) }
    }

    /// Restarts a unit that is active, starting or, if `startsFailed` is set, failed, and waits for the restart.
    ///
    /// A unit in another state is left alone. If one of the units in `own` is still starting, and the unit is ordered
    /// after it, the restart is queued without waiting, because the wait would never end.
    ///
    /// - Returns: Whether the unit was restarted, or its restart was queued.
    /// - Throws: ``Base/SystemError`` that names the unit if it does not exist or is in `own`, if systemd refuses, or
    ///   if the restart fails or does not end in time. If the task is cancelled, the code is `ECANCELED`.
    public static func restart(
        _ name: String,
        from own: [String],
        startsFailed: Bool,
        deadline: ContinuousClock.Instant,
    ) async throws(SystemError) -> Bool {
        func failed(_ code: Int32, _ detail: String, _ advice: String? = nil) -> SystemError {
            SystemError("cannot restart", name, code: code, detail: detail, advice: advice)
        }
        if own.contains(name) { throw failed(EINVAL, "it is what restarts it", "remove it from 'restart'") }
        do throws(SystemError) {
            let state = try await installedUnit(name)
            guard state.unit.load != "not-found" else {
                let advice = "correct its name in 'restart', or install the unit"
                throw failed(ENOENT, "there is no such unit", advice)
            }
            guard state.isUp || startsFailed && state.unit.active == "failed" else { return false }
            switch try await change(name, .restart, from: own, settlingTime: .zero, deadline: deadline) {
            case nil: break
            case .waitsForCaller: try await queue([(.restart, name)])
            case .notInTime: throw failed(ETIMEDOUT, "it has not started in time")
            case .failed(let end): throw failed(EIO, "after the restart it is \(end.state)")
            }
            return true
        } catch {
            // The bus reports errors about the query, not about the restart.
            throw failed(error.code, error.reason, error.advice)
        }
    }

    /// Lists, sorted, the names of the loaded units that match a pattern and are not inactive.
    public static func units(matching patterns: [String]) async throws(SystemError) -> [String] {
        try await withBus(patterns.joined(separator: " "), .seconds(10)) { bus throws(SystemError) in
            try bus.units(matching: patterns).filter { $0.state.active != "inactive" }.map(\.name).sorted()
        }
    }

    /// Stops all units that match a pattern, waits until they have stopped, and resets their failed state.
    ///
    /// Timers are stopped first, so that they do not start other units meanwhile. The other units are stopped together,
    /// so that systemd stops each unit before the units after which it is ordered.
    ///
    /// - Throws: ``Base/SystemError`` that names a unit that has not stopped in time. If the task is cancelled, the
    ///   code is `ECANCELED`.
    public static func stop(
        matching patterns: [String],
        until deadline: ContinuousClock.Instant,
    ) async throws(SystemError) {
        let subject = patterns.joined(separator: " ")
        let address = busAddress
        try await onThread(stopping, subject) { (cancelled) throws(SystemError) in
            var bus = try SystemBus(unit: subject, deadline: .now + answerLimit)
            try bus.connect(to: address)
            for patterns in [patterns.map { "\($0).timer" }, patterns] {
                while true {
                    bus.deadline = .now + answerLimit
                    // A unit with a pending job, such as a target that waits for a service, could start later.
                    let running = try bus.units(matching: patterns).filter { unit in
                        unit.hasJob || !["inactive", "failed"].contains(unit.state.active)
                    }
                    guard let first = running.first else { break }
                    guard deadline > .now else {
                        throw SystemError(stopping, first.name, code: ETIMEDOUT, detail: "it has not ended in time")
                    }
                    // A pending start job is replaced; a pending stop job stays the same.
                    for unit in running { try bus.queue(.stop, unit.name) }
                    // This connection subscribes to no signals, so this is a pause that only cancellation shortens.
                    guard try bus.waitForSignal(until: min(deadline, .now + pollInterval), cancelled) else {
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

    /// The pause between two checks of the units that are stopping.
    private static let pollInterval = Duration.milliseconds(200)

    private static let answerLimit = Duration.seconds(5)
}
