public import Base
import CSystemd
import Glibc

/// The state of a unit and of its file.
public struct InstalledUnit: Sendable, Hashable {
    /// The state of the unit.
    public var unit: UnitState

    /// The state of the unit's file, such as `enabled`, `disabled`, `static` or `masked`; empty for a unit without file.
    public var file: String

    /// Whether the unit is started at boot, and not only on this one.
    public var isEnabled: Bool { ["enabled", "alias"].contains(file) }

    /// Whether the unit is running, or is about to.
    public var isUp: Bool { ["active", "activating", "reloading"].contains(unit.active) }

    public init(unit: UnitState, file: String) {
        (self.unit, self.file) = (unit, file)
    }
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
        try SystemError.checkPath(SystemBus.operation, name)
        return try await withBus(name, .seconds(10), address) { bus throws(SystemError) in
            InstalledUnit(unit: try bus.unitState(), file: try bus.text("UnitFileState", of: name, as: .unit))
        }
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
        try SystemError.checkPath(operation, name)
        return try await withBus(name, .seconds(60), address) { bus throws(SystemError) in
            do throws(SystemError) {
                try bus.setEnabled(isEnabled, name)
                try bus.reload()
                return InstalledUnit(
                    unit: try bus.unitState(),
                    file: try bus.text("UnitFileState", of: name, as: .unit)
                )
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
    /// A unit that has started must still run after ``settlingTime``, because systemd counts most services as started
    /// as soon as their program has begun.
    ///
    /// - Parameters:
    ///   - name: The unit's name, with its suffix.
    ///   - change: The change.
    ///   - own: The caller's own units, and those that wait for it. The change is refused while one of them is starting
    ///     and the unit is ordered after it, because it would never end.
    ///   - deadline: The instant after which the wait is given up.
    ///   - address: The address of the bus, `nil` for the system bus.
    /// - Throws: ``ServiceFailure`` if the unit waits for the caller or fails, ``Base/SystemError`` if systemd refuses
    ///   or does not answer, with the code `ECANCELED` if the task is cancelled.
    public static func change(
        _ name: String,
        _ change: ServiceChange,
        from own: [String],
        deadline: ContinuousClock.Instant,
        address: String? = nil,
    ) async throws {
        let operation = "cannot \(change.rawValue)"
        try SystemError.checkPath(operation, name)
        let failure = try await onThread(operation, name) { (cancelled) throws(SystemError) -> ServiceFailure? in
            do throws(SystemError) {
                var bus = try SystemBus(unit: name, deadline: .now + serviceAnswerLimit)
                try bus.connect(to: address ?? systemBusAddress())
                try bus.subscribe()
                if change != .stop, let first = try bus.starting(own, before: name).first {
                    return .waitsForCaller(first)
                }
                try bus.queue(change)
                while try bus.units(named: [name]).contains(where: \.hasJob) {
                    guard deadline > .now else { return .notInTime }
                    // A job may end without a signal, such as when another job replaces it.
                    try wait(until: min(deadline, .now + .seconds(1)), &bus, cancelled)
                }
                guard change != .stop else {
                    let state = try bus.unitState()
                    return ["inactive", "failed"].contains(state.active) ? nil : .failed(try bus.end(of: name, state))
                }
                if change == .reload, name.hasSuffix(".service"),
                    try bus.text("ReloadResult", of: name, as: .service) != "success"
                {
                    return .failed(try bus.end(of: name, try bus.unitState()))
                }
                let settled = ContinuousClock.now + settlingTime
                while true {
                    let state = try bus.unitState()
                    guard ["active", "reloading"].contains(state.active) else {
                        return try bus.hasCompleted(name, state) ? nil : .failed(try bus.end(of: name, state))
                    }
                    if settled <= .now { return nil }
                    try wait(until: settled, &bus, cancelled)
                }
            } catch {
                throw SystemError(operation, name, code: error.code, detail: error.reason, advice: error.advice)
            }
        }
        if let failure { throw failure }
    }

    /// The time for which a unit that has been started must stay active.
    public static let settlingTime = Duration.seconds(1)

    private static let serviceAnswerLimit = Duration.seconds(5)

    private static func wait(
        until instant: ContinuousClock.Instant,
        _ bus: inout SystemBus,
        _ cancelled: Waker,
    ) throws(SystemError) {
        guard try bus.waitForSignal(until: instant, cancelled) else {
            throw SystemError(SystemBus.operation, "systemd", code: ECANCELED)
        }
        bus.setDeadline(.now + serviceAnswerLimit)
    }
}

/// The failure of a change of a unit's state.
public enum ServiceFailure: Error, Sendable, Hashable {
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

    /// The result of the last start, such as `exit-code` or `timeout`; empty if the unit is no service.
    public var result: String

    /// The exit status of the main process, `nil` if it has not exited by itself.
    public var exitStatus: Int32?
}

extension SystemBus {
    /// Returns the given units that are starting and that precede a unit in the ordering.
    fileprivate func starting(_ own: [String], before unit: String) throws(SystemError) -> [String] {
        let starting = try units(named: own).filter { $0.hasJob || $0.state.active == "activating" }.map(\.name)
        let earlier = try texts("After", of: unit)
        return starting.filter(earlier.contains)
    }

    /// Queues a job that changes the state of a unit.
    fileprivate func queue(_ change: Systemd.ServiceChange) throws(SystemError) {
        let method =
            switch change {
            case .start: "StartUnit"
            case .stop: "StopUnit"
            case .restart: "RestartUnit"
            case .reload: "ReloadOrRestartUnit"
            }
        try queue(method, unit, mode: "replace")
    }

    /// Returns whether a unit is a service that ends by itself, and has ended with success.
    fileprivate func hasCompleted(_ unit: String, _ state: UnitState) throws(SystemError) -> Bool {
        guard state.active == "inactive", unit.hasSuffix(".service"),
            try text("Type", of: unit, as: .service) == "oneshot"
        else { return false }
        return try text("Result", of: unit, as: .service) == "success"
    }

    /// Reads why a unit is not in the state that it should be in.
    fileprivate func end(of unit: String, _ state: UnitState) throws(SystemError) -> ServiceEnd {
        var end = ServiceEnd(state: state, result: "", exitStatus: nil)
        guard unit.hasSuffix(".service") else { return end }
        end.result = try text("Result", of: unit, as: .service)
        if end.result == "exit-code", try number("ExecMainCode", of: unit, as: .service) == Int32(CLD_EXITED) {
            end.exitStatus = try number("ExecMainStatus", of: unit, as: .service)
        }
        return end
    }
}
