import Host

extension TimelineSource {
    /// The units beside the tasks.
    ///
    /// - Parameters:
    ///   - origin: What the times count from.
    ///   - end: The latest start of a unit that is shown.
    ///   - critical: The unit on the critical path.
    /// - Returns: The units in the order in which they started, and the names of those that started later.
    func units(
        from origin: Duration,
        until end: Duration,
        critical: String?,
    ) -> (shown: [TimelineUnit], later: [String]) {
        var shown: [TimelineUnit] = []
        var later: [String] = []
        for name in shownUnits {
            guard let unit = system?.units[name], unit.state.load == "loaded", unit.started != nil || unit.hasJob else {
                continue
            }
            if let started = unit.started, started > end {
                later.append(name)
            } else {
                shown.append(TimelineUnit(unit, from: origin, isCritical: name == critical))
            }
        }
        let order = shown.indices.sorted { left, right in
            (shown[left].started ?? end, left) < (shown[right].started ?? end, right)
        }
        return (order.map { shown[$0] }, later)
    }
}

extension TimelineUnit {
    /// Creates a unit from its times since the start of the machine.
    fileprivate init(_ unit: UnitTimes, from origin: Duration, isCritical: Bool) {
        func moved(_ time: Duration?) -> Duration? { time.map { max(.zero, $0 - origin) } }
        self.init(
            name: unit.name,
            state: unit.state,
            started: moved(unit.started),
            active: moved(unit.active),
            ended: moved(unit.ended),
            isCritical: isCritical,
        )
    }
}
