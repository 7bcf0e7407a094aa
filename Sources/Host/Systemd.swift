public import Base
import CSystemd
import Glibc

/// The state of a unit.
public struct UnitState: Sendable, Hashable, CustomStringConvertible {
    /// Whether systemd has loaded the unit: `loaded`, `not-found`, `masked` and so on.
    public var load: String

    /// The state: `active`, `inactive`, `activating`, `failed` and so on.
    public var active: String

    /// The same in more detail, such as `running` or `exited`.
    public var sub: String

    public init(load: String, active: String, sub: String) {
        self.load = load
        self.active = active
        self.sub = sub
    }

    /// Whether the unit was started successfully.
    public var isActive: Bool { active == "active" }

    /// The text of `systemctl status`: `active (exited)`.
    public var description: String { load == "loaded" ? "\(active) (\(sub))" : load }
}

/// The service manager of this machine.
public enum Systemd {
    /// Whether systemd started this machine.
    public static var isRunning: Bool { sd_booted() > 0 }

    /// Waits until a unit is active, without starting it.
    ///
    /// The caller's own unit must not be ordered before the unit, or neither is ever started.
    ///
    /// - Parameters:
    ///   - name: The unit's name; `.service` is added to one without a dot.
    ///   - deadline: The instant after which the wait is given up.
    ///   - onWait: Called on another thread with the unit's state, whenever it changes. A unit that does not exist has
    ///     the load state `not-found`.
    /// - Returns: Whether the unit is active; `false` at the deadline.
    /// - Throws: ``Base/SystemError`` that names the unit if the system bus does not answer, with the code `ECANCELED` if
    ///   the task is cancelled.
    public static func waitUntilActive(
        _ name: String,
        deadline: ContinuousClock.Instant,
        onWait: @escaping @Sendable (UnitState) -> Void,
    ) async throws(SystemError) -> Bool {
        try await waitUntilActive(name, deadline: deadline, address: systemBusAddress(), onWait: onWait)
    }

    static func systemBusAddress() -> String {
        Machine.environment()["DBUS_SYSTEM_BUS_ADDRESS"] ?? "unix:path=/run/dbus/system_bus_socket"
    }

    /// Waits with the bus at an address.
    static func waitUntilActive(
        _ name: String,
        deadline: ContinuousClock.Instant,
        address: String,
        answerTimeout: Duration = .seconds(5),
        checkInterval: Duration = .seconds(10),
        onWait: @escaping @Sendable (UnitState) -> Void,
    ) async throws(SystemError) -> Bool {
        let unit = name.utf8.contains(UInt8(ascii: ".")) ? name : "\(name).service"
        try SystemError.checkPath(SystemBus.operation, unit)
        // The bus belongs to the thread that opened it.
        return try await onThread(SystemBus.operation, unit) { (cancelled) throws(SystemError) in
            // A deadline that has passed asks for the state of the moment.
            func answerDeadline() -> ContinuousClock.Instant {
                let now = ContinuousClock.now
                return deadline > now ? min(deadline, now + answerTimeout) : now + answerTimeout
            }
            var bus = try SystemBus(unit: unit, deadline: answerDeadline())
            try bus.connect(to: address)
            try bus.subscribe()
            var lastState: UnitState?
            while true {
                bus.setDeadline(answerDeadline())
                let state = try bus.unitState()
                if state.isActive { return true }
                if state != lastState { onWait(state) }
                lastState = state
                if deadline <= .now { return false }
                // The interval is for changes without a signal, such as a device that was not loaded and appears.
                guard try bus.waitForSignal(until: min(deadline, .now + checkInterval), cancelled) else {
                    throw SystemError(SystemBus.operation, unit, code: ECANCELED)
                }
            }
        }
    }

    /// Returns whether a unit is masked, so that it cannot be started.
    ///
    /// - Parameters:
    ///   - name: The unit's name, with its suffix.
    ///   - directories: The directories with masks.
    /// - Returns: Whether it is masked; `false` if the directories cannot be read.
    public static func isMasked(
        _ name: String,
        in directories: [String] = ["/etc/systemd/system", "/run/systemd/system"],
    ) -> Bool {
        directories.contains { (try? FileSystem.status("\($0)/\(name)"))?.target == "/dev/null" }
    }

    /// Reports the state of this process to the service manager, such as `STATUS=waiting for the API server`.
    ///
    /// The corresponding C function is `sd_notify`.
    ///
    /// - Parameter state: Assignments, one a line.
    /// - Returns: Whether a service manager was notified.
    /// - Throws: ``Base/SystemError`` if the notification failed. A process without a service manager is a normal result.
    @discardableResult
    public static func notify(_ state: String) throws(SystemError) -> Bool {
        let code = unsafe sd_notify(0, state)
        if code < 0 { throw SystemError("cannot notify", "service manager", code: -code) }
        return code > 0
    }
}
