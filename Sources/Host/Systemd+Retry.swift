extension Systemd {
    /// Has systemd start those services again, now, that failed or wait to be started again; the others stay as they are.
    ///
    /// It is not waited for: the services are queued when this returns.
    ///
    /// - Parameters:
    ///   - names: The units' names, with their suffix.
    ///   - timeout: How long all the questions may take together.
    /// - Returns: The names of those that are started again, in the order in which systemd lists them.
    /// - Throws: ``SystemError`` if there is no system bus, it does not answer, or we may not start services.
    @discardableResult
    public static func retry(
        _ names: [String],
        timeout: Duration = .seconds(2),
    ) async throws(SystemError) -> [String] {
        let address = systemBusAddress()
        guard let first = names.first else { return [] }
        // The bus belongs to the thread that opened it.
        return try await onThread { () throws(SystemError) in
            for name in names { try SystemError.checkPath(SystemBus.operation, name) }
            let bus = try SystemBus(unit: first, deadline: .now + timeout)
            try bus.connect(to: address)
            var restarted: [String] = []
            for listed in try bus.units(named: names) where !listed.hasJob && listed.state.isToBeRetried {
                try bus.restart(listed.name)
                restarted.append(listed.name)
            }
            return restarted
        }
    }
}

extension UnitState {
    fileprivate var isToBeRetried: Bool { load == "loaded" && (active == "failed" || sub == "auto-restart") }
}
