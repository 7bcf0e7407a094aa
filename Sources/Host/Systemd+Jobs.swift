public import Base

extension Systemd {
    /// What systemd is asked to do with a unit.
    public enum Job: Sendable, Hashable {
        /// Starts a unit, with the units that it requires; one that is active stays as it is.
        case start(String)
        /// Starts a unit, also if it is active.
        case restart(String)
        /// Stops a unit, with the units that require it or are part of it.
        case stop(String)
        /// Stops a unit and no other.
        case stopAlone(String)
    }

    /// Queues jobs, without waiting for them to end.
    ///
    /// One that systemd refuses, such as that of a masked unit, does not keep it from the others.
    ///
    /// - Parameters:
    ///   - jobs: The jobs, in the order in which they are queued.
    ///   - timeout: The time for all calls together.
    /// - Throws: ``Base/SystemError`` if there is no system bus, it does not answer, or systemd refuses a job.
    public static func queue(_ jobs: [Job], timeout: Duration = .seconds(10)) async throws(SystemError) {
        guard !jobs.isEmpty else { return }
        let address = systemBusAddress()
        // The bus belongs to the thread that opened it.
        try await onThread { () throws(SystemError) in
            let bus = try SystemBus(unit: jobs[0].unit, deadline: .now + timeout)
            try bus.connect(to: address)
            var failure: SystemError?
            for job in jobs {
                do throws(SystemError) {
                    try SystemError.checkPath(SystemBus.operation, job.unit)
                    try bus.queue(job)
                } catch {
                    failure = failure ?? error
                }
            }
            if let failure { throw failure }
        }
    }

    /// Has systemd run its generators and load all units again.
    ///
    /// - Parameter timeout: The time for the reload.
    /// - Throws: ``Base/SystemError`` if there is no system bus, it does not answer, or systemd refuses.
    public static func reload(timeout: Duration = .seconds(60)) async throws(SystemError) {
        let address = systemBusAddress()
        try await onThread { () throws(SystemError) in
            let bus = try SystemBus(unit: "init.scope", deadline: .now + timeout)
            try bus.connect(to: address)
            try bus.reload()
        }
    }

    /// Reads the description of a unit.
    ///
    /// - Parameters:
    ///   - name: The unit's name, with its suffix.
    ///   - timeout: The time for the call.
    /// - Returns: The description, which is the name for a unit without one.
    /// - Throws: ``Base/SystemError`` if there is no system bus or it does not answer.
    public static func description(
        of name: String,
        timeout: Duration = .seconds(10),
    ) async throws(SystemError) -> String {
        let address = systemBusAddress()
        return try await onThread { () throws(SystemError) in
            try SystemError.checkPath(SystemBus.operation, name)
            let bus = try SystemBus(unit: name, deadline: .now + timeout)
            try bus.connect(to: address)
            return try bus.unitProperty("Description")
        }
    }
}

extension Systemd.Job {
    /// The unit's name.
    var unit: String {
        switch self {
        case .start(let unit), .restart(let unit), .stop(let unit), .stopAlone(let unit): unit
        }
    }

    /// The method of systemd's manager.
    var method: String {
        switch self {
        case .start: "StartUnit"
        case .restart: "RestartUnit"
        case .stop, .stopAlone: "StopUnit"
        }
    }

    /// How the job goes together with others, in the words of systemd.
    var mode: String {
        if case .stopAlone = self { "ignore-requirements" } else { "replace" }
    }
}
