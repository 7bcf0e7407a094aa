import CSystemd
import Glibc

/// What systemd says of a service that it tries again when it fails.
public struct ServiceState: Sendable, Hashable {
    /// The state of the unit.
    public var unit: UnitState

    /// Whether systemd is about to start, stop or restart it.
    public var hasJob: Bool

    /// Whether it was ever started on this boot.
    public var wasStarted: Bool

    /// After how long it is started again, if it waits for that and the time is known.
    public var restartsIn: Duration?

    /// What the service said of itself last.
    public var statusText: String?

    /// Creates a state.
    public init(
        _ unit: UnitState,
        hasJob: Bool = false,
        wasStarted: Bool = true,
        restartsIn: Duration? = nil,
        statusText: String? = nil,
    ) {
        self.unit = unit
        self.hasJob = hasJob
        self.wasStarted = wasStarted
        self.restartsIn = restartsIn
        self.statusText = statusText
    }

    /// Whether it has ended and is started again after a while.
    public var awaitsRestart: Bool { unit.sub == "auto-restart" }
}

extension Systemd {
    /// Asks for the states of several services over one connection.
    ///
    /// - Parameters:
    ///   - names: The units' names, with their suffix.
    ///   - timeout: How long all the questions may take together.
    /// - Returns: The states by name; a unit that does not exist has the load state `not-found`.
    /// - Throws: ``SystemError`` if there is no system bus or it does not answer. What an ordinary user may not see of a
    ///   unit is left out.
    public static func services(
        _ names: [String],
        timeout: Duration = .seconds(2),
    ) async throws(SystemError) -> [String: ServiceState] {
        try await services(names, timeout: timeout, address: systemBusAddress())
    }

    /// Asks the bus at an address.
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
    /// Adds what only services have to what is known of a unit.
    fileprivate func service(_ listed: ListedUnit) -> ServiceState {
        var state = ServiceState(listed.state, hasJob: listed.hasJob)
        guard listed.state.load == "loaded", !listed.state.isActive else { return state }
        let name = listed.name
        // What we may not see, or what does not come in time, is not known; the states are worth telling without it.
        if listed.state.active == "inactive" {
            let started = try? number("InactiveExitTimestampMonotonic", of: name, as: .unit)
            state.wasStarted = started != 0
            return state
        }
        if let text = try? text("StatusText", of: name, as: .service), !text.isEmpty { state.statusText = text }
        if state.awaitsRestart,
            let start = try? number("StateChangeTimestampMonotonic", of: name, as: .unit),
            let delay = try? number("RestartUSec", of: name, as: .service)
        {
            let (end, isEndless) = start.addingReportingOverflow(delay)
            let now = monotonicMicroseconds()
            if !isEndless { state.restartsIn = .microseconds(Int64(clamping: end > now ? end - now : 0)) }
        }
        return state
    }
}

/// The time of the clock by which systemd waits.
private func monotonicMicroseconds() -> UInt64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(clamping: time.tv_sec * 1_000_000 + time.tv_nsec / 1000)
}
