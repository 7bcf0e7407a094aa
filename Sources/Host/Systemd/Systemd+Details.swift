public import Base

/// A unit with what a person looks at when it does not run.
public struct UnitDetails: Sendable, Hashable {
    /// The name of the unit.
    public var name: String
    public var state: UnitState

    /// The state of the unit's file, such as `enabled` or `masked`; empty for a unit without file.
    public var file: String

    /// The result of the last start, such as `success` or `exit-code`.
    public var result: String

    /// The exit status of the main process, `nil` if it has not ended.
    public var exitStatus: Int32?

    /// The number of automatic restarts since the unit was last started by a job.
    public var restartCount: Int

    /// The main process, `nil` if there is none.
    public var process: Int32?

    /// Whether the conditions of the unit allowed its last start.
    public var hasConditions: Bool

    public init(
        name: String,
        state: UnitState,
        file: String = "enabled",
        result: String = "success",
        exitStatus: Int32? = nil,
        restartCount: Int = 0,
        process: Int32? = nil,
        hasConditions: Bool = true,
    ) {
        (self.name, self.state, self.file, self.result) = (name, state, file, result)
        (self.exitStatus, self.restartCount, self.process) = (exitStatus, restartCount, process)
        self.hasConditions = hasConditions
    }
}

extension Systemd {
    /// Reads units with what a person looks at when they do not run, over one connection.
    ///
    /// - Parameters:
    ///   - names: The units' names, with their suffix.
    ///   - timeout: The time limit for all calls together.
    ///   - address: The address of the bus, `nil` for the system bus.
    /// - Returns: The units by name; a unit that does not exist has the load state `not-found`.
    /// - Throws: ``Base/SystemError`` if there is no bus or it does not answer.
    public static func details(
        _ names: [String],
        timeout: Duration = .seconds(2),
        address: String? = nil,
    ) async throws(SystemError) -> [String: UnitDetails] {
        guard let first = names.first else { return [:] }
        return try await withBus(first, timeout, address) { bus throws(SystemError) in
            var units: [String: UnitDetails] = [:]
            for listed in try bus.units(named: names) { units[listed.name] = bus.details(of: listed) }
            return units
        }
    }
}

extension SystemBus {
    /// Reads the details of a unit; those that may not be read or do not exist keep their defaults.
    fileprivate func details(of listed: ListedUnit) -> UnitDetails {
        let name = listed.name
        var unit = UnitDetails(name: name, state: listed.state)
        unit.file = (try? text("UnitFileState", of: name, as: .unit)) ?? ""
        guard listed.state.load == "loaded" else { return unit }
        if listed.state.active == "inactive" {
            let started: UInt64? = try? number("ConditionTimestampMonotonic", of: name, as: .unit)
            unit.hasConditions = started == 0 || (try? flag("ConditionResult", of: name)) != false
        }
        guard name.hasSuffix(".service") else { return unit }
        unit.result = (try? text("Result", of: name, as: .service)) ?? ""
        if let code: Int32 = try? number("ExecMainCode", of: name, as: .service), code != 0 {
            unit.exitStatus = try? number("ExecMainStatus", of: name, as: .service)
        }
        if let count: UInt32 = try? number("NRestarts", of: name, as: .service) { unit.restartCount = Int(count) }
        if let process: UInt32 = try? number("MainPID", of: name, as: .service), process != 0 {
            unit.process = Int32(process)
        }
        return unit
    }
}
