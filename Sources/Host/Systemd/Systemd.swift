public import Base
import CSystemd
import Glibc

public struct UnitState: Sendable, Hashable, CustomStringConvertible {
    /// The load state, such as `loaded`, `not-found` or `masked`.
    public var load: String

    /// The active state, such as `active`, `inactive`, `activating` or `failed`.
    public var active: String

    /// The active state in more detail, such as `running` or `exited`.
    public var sub: String

    public var isActive: Bool { active == "active" }

    /// The state as `systemctl status` shows it, such as `active (exited)`, or the load state if it is not `loaded`.
    public var description: String { load == "loaded" ? "\(active) (\(sub))" : load }
}

public enum Systemd {
    /// Whether this machine was booted with systemd.
    public static var isRunning: Bool { sd_booted() > 0 }

    /// Whether systemd may be reachable: the machine was booted with it, or there may be a system bus.
    public static var isReachable: Bool {
        isRunning || Machine.environmentVariable("DBUS_SYSTEM_BUS_ADDRESS") != nil
            || (try? FileSystem.exists("/run/dbus/system_bus_socket")) == true
    }

    /// The address of the bus, by default the system bus.
    @TaskLocal static var busAddress =
        Machine.environmentVariable("DBUS_SYSTEM_BUS_ADDRESS") ?? "unix:path=/run/dbus/system_bus_socket"

    /// Opens a connection to the bus, and calls a closure with it.
    ///
    /// The closure runs on a separate thread, because a bus belongs to the thread that has opened it. The timeout
    /// covers all calls together.
    static func withBus<Value: Sendable>(
        _ subject: String,
        _ timeout: Duration,
        _ body: @escaping @Sendable (borrowing SystemBus) throws(SystemError) -> Value,
    ) async throws(SystemError) -> Value {
        let address = busAddress
        return try await onThread { () throws(SystemError) in
            let bus = try SystemBus(unit: subject, deadline: .now + timeout)
            try bus.connect(to: address)
            return try body(bus)
        }
    }

    /// Returns whether a unit is masked by a link to `/dev/null` in one of the directories.
    public static func isMasked(
        _ name: String,
        in directories: [String] = ["/etc/systemd/system", "/run/systemd/system"],
    ) -> Bool {
        directories.contains { (try? FileSystem.status("\($0)/\(name)"))?.target == "/dev/null" }
    }

    /// Reports the state of this process, such as `STATUS=waiting for the API server`, to the service manager.
    ///
    /// The state has one assignment per line. The corresponding C function is `sd_notify`.
    ///
    /// - Returns: Whether the service manager expects notifications; if it does not, no error is thrown.
    @discardableResult
    public static func notify(_ state: String) throws(SystemError) -> Bool {
        let code = unsafe sd_notify(0, state)
        if code < 0 { throw SystemError("cannot notify", "service manager", code: -code) }
        return code > 0
    }
}

public struct ServiceState: Sendable, Hashable {
    public var unit: UnitState

    /// Whether systemd has queued a job for the unit, such as a start or a stop.
    public var hasJob = false

    /// Whether the service was started on this boot; `true` if this is not known.
    public var wasStarted = true

    /// The exit code of a failed service's main process, or the signal that ended it, if known.
    public var exitStatus: Int32?

    /// The uptime at the failure, if known.
    public var failedAt: Duration?

    public var statusText: String?

    public var hasFailed: Bool { unit.active == "failed" }
}

extension Systemd {
    /// Reads the states of several services over one connection, and returns them by name.
    ///
    /// A unit that does not exist has the load state `not-found`. Properties that cannot be read are left out.
    public static func services(
        _ names: [String],
        timeout: Duration = .seconds(2),
    ) async throws(SystemError) -> [String: ServiceState] {
        guard let first = names.first else { return [:] }
        return try await withBus(first, timeout) { bus throws(SystemError) in
            var states: [String: ServiceState] = [:]
            for unit in try bus.units(named: names) { states[unit.name] = bus.service(unit) }
            return states
        }
    }
}

extension SystemBus {
    fileprivate func service(_ listed: ListedUnit) -> ServiceState {
        var state = ServiceState(unit: listed.state, hasJob: listed.hasJob)
        guard listed.state.load == "loaded", !listed.state.isActive else { return state }
        let name = listed.name
        // The state is useful even if a property is not readable or does not arrive in time.
        if listed.state.active == "inactive" {
            let started = try? microseconds("InactiveExitTimestampMonotonic", at: path(of: name), as: .unit)
            state.wasStarted = started != 0
            return state
        }
        if let text = try? text("StatusText", of: name, as: .service), !text.isEmpty { state.statusText = text }
        guard state.hasFailed else { return state }
        state.exitStatus = try? status("ExecMainStatus", of: name)
        state.failedAt = try? time("InactiveEnterTimestamp", at: path(of: name))
        return state
    }
}

extension Systemd {
    /// Returns, by name, the time until each monotonic timer next elapses; timers that are not waiting are left out.
    public static func timers(
        _ names: [String],
        timeout: Duration = .seconds(2),
    ) async throws(SystemError) -> [String: Duration] {
        guard let first = names.first else { return [:] }
        return try await withBus(first, timeout) { bus throws(SystemError) in
            let now = Duration.milliseconds(Timestamp.uptimeMilliseconds())
            var times: [String: Duration] = [:]
            for unit in try bus.units(named: names) where unit.state.sub == "waiting" {
                let path = try bus.path(of: unit.name)
                let elapses = try bus.microseconds("NextElapseUSecMonotonic", at: path, as: .timer)
                // A timer without a next elapse reports UINT64_MAX.
                guard elapses > 0, elapses < UInt64(Int64.max) else { continue }
                times[unit.name] = max(.zero, .microseconds(Int64(elapses)) - now)
            }
            return times
        }
    }
}

public struct SystemTimes: Sendable, Hashable {
    public var boot: BootTimes

    /// The times of the units, by name.
    public var units: [String: UnitTimes]

    init(boot: BootTimes = BootTimes(), units: [UnitTimes] = []) {
        self.boot = boot
        self.units = Dictionary(units.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }
}

/// The uptimes at which a boot reached its stages.
public struct BootTimes: Sendable, Hashable {
    /// Whether the machine started its own kernel, unlike a container.
    public var hasKernel = true

    /// The uptime at which systemd was started.
    public var userspace = Duration.zero

    /// The uptime at which systemd had read all units, and started the first unit.
    public var unitsLoaded: Duration?

    /// The uptime at which the boot was complete, or `nil` if it is not complete yet.
    public var finished: Duration?
}

/// The uptimes of the last start of a unit on this boot.
public struct UnitTimes: Sendable, Hashable {
    public var name: String
    public var state = UnitState(load: "loaded", active: "active", sub: "active")

    public var hasJob = false

    /// The uptime at which the unit began to start, or `nil` if it was not started.
    public var started: Duration?

    /// The uptime at which the unit then became active, or `nil` if it did not.
    public var active: Duration?

    /// The uptime at which the unit then became inactive or failed, or `nil` if it did not.
    public var ended: Duration?

    /// The uptime at which the unit's start succeeded or failed; units ordered after it could start from then on.
    public var startEnd: Duration? { active ?? ended }
}

extension Systemd {
    /// Reads the start times of the machine and of some units, over one connection.
    ///
    /// A unit that does not exist has the load state `not-found`.
    public static func times(
        of names: [String],
        timeout: Duration = .seconds(5),
    ) async throws(SystemError) -> SystemTimes {
        try await withBus(names.first ?? "basic.target", timeout) { bus throws(SystemError) in
            let units = names.isEmpty ? [] : try bus.units(named: names)
            return SystemTimes(
                boot: try bus.bootTimes(),
                units: try units.map { unit throws(SystemError) in try bus.times(of: unit) },
            )
        }
    }
}

extension SystemBus {
    fileprivate func bootTimes() throws(SystemError) -> BootTimes {
        func time(_ stage: String) throws(SystemError) -> Duration? {
            try self.time(stage, at: Self.managerPath, as: .manager)
        }
        return BootTimes(
            // In a container, systemd does not know when the kernel was started.
            hasKernel: try microseconds("KernelTimestamp", at: Self.managerPath, as: .manager) > 0,
            userspace: try time("UserspaceTimestamp") ?? .zero,
            unitsLoaded: try time("UnitsLoadFinishTimestamp"),
            finished: try time("FinishTimestamp"),
        )
    }

    fileprivate func times(of listed: ListedUnit) throws(SystemError) -> UnitTimes {
        var times = UnitTimes(name: listed.name, state: listed.state, hasJob: listed.hasJob)
        guard listed.state.load == "loaded" else { return times }
        let path = try path(of: listed.name)
        guard let started = try time("InactiveExitTimestamp", at: path) else { return times }
        times.started = started
        // An earlier time belongs to an earlier start.
        if let active = try time("ActiveEnterTimestamp", at: path), active >= started { times.active = active }
        if let ended = try time("InactiveEnterTimestamp", at: path), ended > started { times.ended = ended }
        return times
    }

    /// Reads a timestamp property as an uptime; returns `nil` if it is not set.
    private func time(
        _ name: String,
        at path: String,
        as interface: Interface = .unit,
    ) throws(SystemError) -> Duration? {
        let time = try microseconds("\(name)Monotonic", at: path, as: interface)
        return time > 0 ? .microseconds(Int64(clamping: time)) : nil
    }
}
