import CSystemd
import Glibc

/// What systemd says of a unit.
public struct UnitState: Sendable, Hashable, CustomStringConvertible {
    /// Whether it knows the unit: `loaded`, `not-found`, `masked` and so on.
    public var load: String

    /// What the unit is: `active`, `inactive`, `activating`, `failed` and so on.
    public var active: String

    /// The same in more detail, such as `running` or `exited`.
    public var sub: String

    /// Creates a state.
    public init(load: String, active: String, sub: String) {
        self.load = load
        self.active = active
        self.sub = sub
    }

    /// Whether the unit has been started with success.
    public var isActive: Bool { active == "active" }

    /// The words of `systemctl status`: `active (exited)`.
    public var description: String { load == "loaded" ? "\(active) (\(sub))" : load }
}

/// The service manager of this machine.
public enum Systemd {
    /// Whether systemd started this machine.
    public static var isRunning: Bool { sd_booted() > 0 }

    /// Asks for the state of a unit, without starting it.
    ///
    /// A caller that waits for a unit must not be ordered before it, or both wait for ever.
    ///
    /// - Parameters:
    ///   - name: The unit's name; `.service` is added to one without a dot.
    ///   - timeout: How long the bus may take to answer.
    /// - Returns: The state; a unit that does not exist has the load state `not-found`.
    /// - Throws: ``SystemError`` that names the unit if there is no system bus or it does not answer.
    public static func unitState(
        _ name: String,
        timeout: Duration = .seconds(5),
    ) async throws(SystemError) -> UnitState {
        try await unitState(name, timeout: timeout, address: systemBusAddress())
    }

    /// Where the system bus listens.
    static func systemBusAddress() -> String {
        Machine.environment()["DBUS_SYSTEM_BUS_ADDRESS"] ?? "unix:path=/run/dbus/system_bus_socket"
    }

    /// Asks the bus at an address.
    static func unitState(
        _ name: String,
        timeout: Duration,
        address: String,
    ) async throws(SystemError) -> UnitState {
        let unit = name.utf8.contains(UInt8(ascii: ".")) ? name : "\(name).service"
        // The bus belongs to the thread that opened it.
        return try await onThread { () throws(SystemError) in
            try SystemError.checkPath(SystemBus.operation, unit)
            let bus = try SystemBus(unit: unit, deadline: .now + timeout)
            try bus.connect(to: address)
            return UnitState(
                load: try bus.unitProperty("LoadState"),
                active: try bus.unitProperty("ActiveState"),
                sub: try bus.unitProperty("SubState"),
            )
        }
    }

    /// Whether somebody has masked a unit, so that it is not started whoever wants it.
    ///
    /// - Parameters:
    ///   - name: The unit's name, with its suffix.
    ///   - directories: Where masks are.
    /// - Returns: `false` also where that cannot be looked at.
    public static func isMasked(
        _ name: String,
        in directories: [String] = ["/etc/systemd/system", "/run/systemd/system"],
    ) -> Bool {
        directories.contains { (try? FileSystem.status("\($0)/\(name)"))?.target == "/dev/null" }
    }

    /// Tells the service manager something about this process, such as `STATUS=waiting for the API server`.
    ///
    /// The corresponding C function is `sd_notify`.
    ///
    /// - Parameter state: Assignments, one a line.
    /// - Returns: Whether there was somebody to tell.
    /// - Throws: ``SystemError`` if there is and telling failed.
    @discardableResult
    public static func notify(_ state: String) throws(SystemError) -> Bool {
        let code = unsafe sd_notify(0, state)
        if code < 0 { throw SystemError("cannot notify", "service manager", code: -code) }
        return code > 0
    }
}
