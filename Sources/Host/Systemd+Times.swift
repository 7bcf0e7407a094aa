public import Base

/// When systemd has started the machine and some of its units.
public struct SystemTimes: Sendable, Hashable {
    /// When the boot reached its stages.
    public var boot: BootTimes

    /// The units that systemd knows, by name.
    public var units: [String: UnitTimes]

    public init(boot: BootTimes = BootTimes(), units: [UnitTimes] = []) {
        self.boot = boot
        self.units = Dictionary(units.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }
}

/// When a boot reached its stages, as times since the start of the machine.
public struct BootTimes: Sendable, Hashable {
    /// Whether the kernel was started with it: not so in a container, which is younger than its kernel.
    public var hasKernel: Bool

    /// When systemd was started.
    public var userspace: Duration

    /// When systemd had read all units, and started the first.
    public var unitsLoaded: Duration?

    /// When the boot was complete, `nil` while it is not.
    public var finished: Duration?

    /// Creates the times of a boot; without arguments those of a machine whose systemd has started with it.
    public init(
        hasKernel: Bool = true,
        userspace: Duration = .zero,
        unitsLoaded: Duration? = nil,
        finished: Duration? = nil,
    ) {
        self.hasKernel = hasKernel
        self.userspace = userspace
        self.unitsLoaded = unitsLoaded
        self.finished = finished
    }
}

/// When systemd last started a unit on this boot, as times since the start of the machine.
public struct UnitTimes: Sendable, Hashable {
    /// The unit's name.
    public var name: String
    public var state: UnitState

    /// Whether systemd is about to start, stop or restart it.
    public var hasJob: Bool

    /// When it began to start, `nil` if it was not started.
    public var started: Duration?

    /// When it became active since, `nil` if it did not.
    public var active: Duration?

    /// When it became inactive or failed since, `nil` if it did not.
    public var ended: Duration?

    public init(
        name: String,
        state: UnitState = UnitState(load: "loaded", active: "active", sub: "active"),
        hasJob: Bool = false,
        started: Duration? = nil,
        active: Duration? = nil,
        ended: Duration? = nil,
    ) {
        self.name = name
        self.state = state
        self.hasJob = hasJob
        self.started = started
        self.active = active
        self.ended = ended
    }

    /// When its start ended, so that units ordered after it could start: it was active, or had ended without that.
    public var startEnd: Duration? { active ?? ended }
}

extension Systemd {
    /// Reads when the machine and some units were started, over one connection.
    ///
    /// - Parameters:
    ///   - names: The units' names, with their suffix.
    ///   - timeout: The time for all calls together.
    /// - Returns: The times; a unit that does not exist has the load state `not-found`.
    /// - Throws: ``Base/SystemError`` if there is no system bus or it does not answer in time.
    public static func times(
        of names: [String],
        timeout: Duration = .seconds(5),
    ) async throws(SystemError) -> SystemTimes {
        try await times(of: names, timeout: timeout, address: systemBusAddress())
    }

    /// Reads the times from the bus at an address.
    static func times(
        of names: [String],
        timeout: Duration,
        address: String,
    ) async throws(SystemError) -> SystemTimes {
        // The bus belongs to the thread that opened it.
        try await onThread { () throws(SystemError) in
            for name in names { try SystemError.checkPath(SystemBus.operation, name) }
            let bus = try SystemBus(unit: names.first ?? "basic.target", deadline: .now + timeout)
            try bus.connect(to: address)
            let clock = BootClock.now()
            let units = names.isEmpty ? [] : try bus.units(named: names)
            return SystemTimes(
                boot: try bus.bootTimes(clock),
                units: try units.map { unit throws(SystemError) in try bus.times(of: unit, clock) },
            )
        }
    }
}

extension SystemBus {
    /// Reads when the boot reached its stages.
    fileprivate func bootTimes(_ clock: BootClock) throws(SystemError) -> BootTimes {
        func time(_ stage: String) throws(SystemError) -> Duration? {
            try self.time(clock) { property throws(SystemError) in try managerNumber(stage + property) }
        }
        return BootTimes(
            // In a container systemd does not know when the kernel was started.
            hasKernel: try managerNumber("KernelTimestamp") > 0,
            userspace: try time("UserspaceTimestamp") ?? .zero,
            unitsLoaded: try time("UnitsLoadFinishTimestamp"),
            finished: try time("FinishTimestamp"),
        )
    }

    /// Reads when a unit was started.
    fileprivate func times(of listed: ListedUnit, _ clock: BootClock) throws(SystemError) -> UnitTimes {
        func time(_ change: String) throws(SystemError) -> Duration? {
            try self.time(clock) { property throws(SystemError) in
                try number(change + property, of: listed.name, as: .unit)
            }
        }
        var times = UnitTimes(name: listed.name, state: listed.state, hasJob: listed.hasJob)
        guard listed.state.load == "loaded" else { return times }
        guard let started = try time("InactiveExitTimestamp") else { return times }
        times.started = started
        // What came before is of an earlier start.
        if let active = try time("ActiveEnterTimestamp"), active >= started { times.active = active }
        if let ended = try time("InactiveEnterTimestamp"), ended > started { times.ended = ended }
        return times
    }

    /// Reads one instant by its two clocks, of which the second has no suffix; `nil` if it has not come.
    func time(
        _ clock: BootClock,
        _ read: (String) throws(SystemError) -> UInt64,
    ) throws(SystemError) -> Duration? {
        let monotonic = try read("Monotonic")
        guard monotonic > 0 else { return nil }
        return try clock.sinceBoot(monotonic: monotonic) { () throws(SystemError) in try read("") }
    }

    /// Reads a property of systemd's manager that is a number.
    private func managerNumber(_ property: String) throws(SystemError) -> UInt64 {
        try number(property, at: Self.managerPath, as: .manager)
    }
}
