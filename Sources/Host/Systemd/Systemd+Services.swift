public import Base
import CSystemd
import Glibc

/// The state of a unit and of its file.
public struct InstalledUnit: Sendable, Hashable {
    /// The state of the unit.
    public var unit: UnitState

    /// The state of the unit's file, such as `enabled`, `disabled`, `static` or `masked`; empty for a unit without file.
    public var file: String

    /// Whether the unit is started at boot permanently, not only until the next boot.
    public var isEnabled: Bool { ["enabled", "alias"].contains(file) }

    /// Whether the unit is running, or is about to.
    public var isUp: Bool { ["active", "activating", "reloading"].contains(unit.active) }
}

extension Systemd {
    /// A change of a unit's state.
    public enum ServiceChange: String, Sendable, Hashable {
        case start, stop, restart, reload

        /// The participle, such as `started`.
        public var participle: String { self == .stop ? "stopped" : "\(rawValue)ed" }
    }

    /// Reads the state of a unit and of its file.
    ///
    /// - Parameters:
    ///   - name: The unit's name, with its suffix.
    ///   - address: The address of the bus, `nil` for the system bus.
    /// - Returns: The state; a unit that does not exist has the load state `not-found`.
    /// - Throws: ``Base/SystemError`` if there is no bus or it does not answer.
    public static func installedUnit(
        _ name: String,
        address: String? = nil,
    ) async throws(SystemError) -> InstalledUnit {
        try await withBus(name, .seconds(10), address) { bus throws(SystemError) in try bus.installedUnit() }
    }

    /// Enables or disables a unit, and reloads systemd.
    ///
    /// - Parameters:
    ///   - isEnabled: Whether the unit is started at boot.
    ///   - name: The unit's name, with its suffix.
    ///   - address: The address of the bus, `nil` for the system bus.
    /// - Returns: The state of the unit afterwards.
    /// - Throws: ``Base/SystemError`` if there is no bus, it does not answer, or systemd refuses.
    public static func setEnabled(
        _ isEnabled: Bool,
        _ name: String,
        address: String? = nil,
    ) async throws(SystemError) -> InstalledUnit {
        let operation = isEnabled ? "cannot enable" : "cannot disable"
        return try await withBus(name, .seconds(60), address) { bus throws(SystemError) in
            do throws(SystemError) {
                try bus.setEnabled(isEnabled, name)
                try bus.order("Reload")
                return try bus.installedUnit()
            } catch {
                throw SystemError(operation, name, code: error.code, detail: error.reason, advice: error.advice)
            }
        }
    }

    /// Lists the names of all unit files, without those of templates.
    ///
    /// - Throws: ``Base/SystemError`` if there is no bus or it does not answer.
    public static func unitFiles(address: String? = nil) async throws(SystemError) -> [String] {
        try await withBus("init.scope", .seconds(10), address) { bus throws(SystemError) in try bus.unitFiles() }
    }

    /// Changes the state of a unit, and waits until systemd has done so.
    ///
    /// If the unit's files have changed, systemd is reloaded first. A unit that has started must still be active after
    /// a time, because systemd counts most services as started as soon as their program has begun.
    ///
    /// - Parameters:
    ///   - name: The unit's name, with its suffix.
    ///   - change: The change.
    ///   - own: The caller's own units, and those that wait for it. The change is refused while one of them is starting
    ///     and the unit is ordered after it, because it would never end.
    ///   - settlingTime: The time for which a unit that has started must stay active.
    ///   - deadline: The instant after which the wait is given up.
    ///   - address: The address of the bus, `nil` for the system bus.
    /// - Returns: The reason why the unit is not in the state, `nil` if it is.
    /// - Throws: ``Base/SystemError`` if systemd refuses or does not answer, with the code `ECANCELED` if the task is
    ///   cancelled.
    public static func change(
        _ name: String,
        _ change: ServiceChange,
        from own: [String],
        settlingTime: Duration = .seconds(1),
        deadline: ContinuousClock.Instant,
        address: String? = nil,
    ) async throws(SystemError) -> ServiceFailure? {
        let operation = "cannot \(change.rawValue)"
        return try await onThread(operation, name) { (cancelled) throws(SystemError) -> ServiceFailure? in
            do throws(SystemError) {
                var bus = try SystemBus(unit: name, deadline: .now + slowAnswerLimit)
                try bus.connect(to: address ?? systemBusAddress())
                if try bus.needsReload(for: name) { try bus.order("Reload") }
                bus.deadline = .now + slowAnswerLimit
                // systemd would unload the unit, and lose the results of its start.
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

    /// Queues the job for a change, and waits for its end.
    ///
    /// - Returns: The result of the job, `nil` at the deadline.
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
            // After systemd has executed itself again, the end of a job is not reported. If the job has just ended, its
            // end has arrived before the answer.
            let limit = hasJob ? min(deadline, .now + .seconds(1)) : .now
            try wait(until: limit, &bus, cancelled) { if $0.path == job { result = $0.result } }
            if !hasJob { result = result ?? "done" }
        }
        return result
    }

    /// The time limit for an answer of a systemd that is busy, or reloads its units.
    static let slowAnswerLimit = Duration.seconds(60)

    private static func wait(
        until instant: ContinuousClock.Instant,
        _ bus: inout SystemBus,
        _ cancelled: Waker,
        onJobEnd: (SystemBus.EndedJob) -> Void = { _ in },
    ) throws(SystemError) {
        guard try bus.waitForSignal(until: instant, cancelled, onJobEnd: onJobEnd) else {
            throw SystemError(SystemBus.operation, "systemd", code: ECANCELED)
        }
        bus.deadline = .now + slowAnswerLimit
    }
}

/// The reason why a unit is not in the state that it should be in.
public enum ServiceFailure: Sendable, Hashable {
    /// The unit is ordered after the given unit, which waits for the caller.
    case waitsForCaller(String)
    /// The change has not ended at the deadline.
    case notInTime
    /// The unit has not reached the state.
    case failed(ServiceEnd)
}

/// The state of a unit that has not started or stopped, with the reasons that systemd gives.
public struct ServiceEnd: Sendable, Hashable {
    /// The state of the unit.
    public var state: UnitState

    /// The result of the job, such as `done`, `failed`, `canceled` or `dependency`.
    public var job: String

    /// The result of the last start, such as `success`, `exit-code` or `timeout`; empty if the unit is no service.
    public var result: String

    /// The exit status of the main process, `nil` if that is not the reason.
    public var exitStatus: Int32?

    /// Whether a condition of the unit, such as `ConditionPathExists=`, has kept it from starting.
    public var lacksCondition: Bool
}

extension SystemBus {
    fileprivate func installedUnit() throws(SystemError) -> InstalledUnit {
        InstalledUnit(unit: try unitState(), file: try text("UnitFileState", of: unit))
    }

    /// Returns the given units that are starting and that precede a unit in the ordering.
    fileprivate func starting(_ own: [String], before unit: String) throws(SystemError) -> [String] {
        let starting = try units(named: own).filter { $0.hasJob || $0.state.active == "activating" }.map(\.name)
        let earlier = try texts("After", of: unit)
        return starting.filter(earlier.contains)
    }

    /// Returns whether a unit is a service that ends by itself, and has ended with success.
    fileprivate func hasCompleted(_ unit: String) throws(SystemError) -> Bool {
        guard try unitState().active == "inactive", unit.hasSuffix(".service"),
            try text("Type", of: unit, as: .service) == "oneshot", try flag("ConditionResult", of: unit)
        else { return false }
        return try text("Result", of: unit, as: .service) == "success"
    }

    /// Reads why a unit is not in the state that it should be in after a job.
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
