public import Base

/// The state of a service.
public struct ServiceState: Sendable, Hashable {
    public var unit: UnitState

    /// Whether systemd is about to start, stop or restart it.
    public var hasJob: Bool

    /// Whether it was started on this boot.
    public var wasStarted: Bool

    /// The exit status of its last process, if it failed and the status is known.
    public var exitStatus: Int32?

    /// When it failed, counted from the boot of the machine, if it did and that is known.
    public var failedAt: Duration?

    /// The last status that the service reported.
    public var statusText: String?

    public init(
        _ unit: UnitState,
        hasJob: Bool = false,
        wasStarted: Bool = true,
        exitStatus: Int32? = nil,
        failedAt: Duration? = nil,
        statusText: String? = nil,
    ) {
        self.unit = unit
        self.hasJob = hasJob
        self.wasStarted = wasStarted
        self.exitStatus = exitStatus
        self.failedAt = failedAt
        self.statusText = statusText
    }

    public var hasFailed: Bool { unit.active == "failed" }
}

extension Systemd {
    /// Reads the states of several services over one connection.
    ///
    /// - Parameters:
    ///   - names: The units' names, with their suffix.
    ///   - timeout: The time for all calls together.
    /// - Returns: The states by name; a unit that does not exist has the load state `not-found`.
    /// - Throws: ``Base/SystemError`` if there is no system bus or it does not answer. Properties that an ordinary user may
    ///   not read are left out.
    public static func services(
        _ names: [String],
        timeout: Duration = .seconds(2),
    ) async throws(SystemError) -> [String: ServiceState] {
        try await services(names, timeout: timeout, address: systemBusAddress())
    }

    /// Reads the states from the bus at an address.
    static func services(
        _ names: [String],
        timeout: Duration,
        address: String,
    ) async throws(SystemError) -> [String: ServiceState] {
        guard let first = names.first else { return [:] }
        // The bus belongs to the thread that opened it.
        return try await onThread { () throws(SystemError) in
            for name in names { try SystemError.checkPath(SystemBus.operation, name) }
            let bus = try SystemBus(unit: first, deadline: .now + timeout)
            try bus.connect(to: address)
            var states: [String: ServiceState] = [:]
            for unit in try bus.units(named: names) { states[unit.name] = bus.service(unit) }
            return states
        }
    }
}

extension SystemBus {
    /// Adds the properties that only services have.
    fileprivate func service(_ listed: ListedUnit) -> ServiceState {
        var state = ServiceState(listed.state, hasJob: listed.hasJob)
        guard listed.state.load == "loaded", !listed.state.isActive else { return state }
        let name = listed.name
        // The states are useful without the properties that may not be read or do not arrive in time.
        if listed.state.active == "inactive" {
            let started: UInt64? = try? number("InactiveExitTimestampMonotonic", of: name, as: .unit)
            state.wasStarted = started != 0
            return state
        }
        if let text = try? text("StatusText", of: name, as: .service), !text.isEmpty { state.statusText = text }
        guard state.hasFailed else { return state }
        state.exitStatus = try? number("ExecMainStatus", of: name, as: .service)
        state.failedAt = try? self.time(.now()) { suffix throws(SystemError) in
            try number("InactiveEnterTimestamp\(suffix)", of: name, as: .unit)
        }
        return state
    }
}
