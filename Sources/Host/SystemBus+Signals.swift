import Base
import CSystemd
import Glibc

extension SystemBus {
    /// Has systemd report every change of the unit.
    func subscribe() throws(SystemError) {
        try unsafe call("Subscribe", { _ throws(SystemError) in }, reading: { _ throws(SystemError) in })
        let manager = "path='/org/freedesktop/systemd1',interface='org.freedesktop.systemd1.Manager'"
        try add(match: "\(manager),member='Reloading'")
        // The first change of a unit that was not loaded is a UnitNew signal, not PropertiesChanged. UnitNew is of no use
        // here: systemd also sends it when a call makes it load the unit, so reading the state would repeat for ever.
        // The end of the unit's job is always reported. A unit that is known by an alias changes under its own name.
        let properties = "interface='org.freedesktop.DBus.Properties',member='PropertiesChanged'"
        for name in Set([unit, try unitProperty("Id")]) {
            try add(match: "path='\(try path(of: name))',\(properties)")
            try add(match: "\(manager),member='JobRemoved',arg2='\(name)'")
        }
    }

    /// Has systemd report the end of every unit's jobs.
    func subscribeToJobs() throws(SystemError) {
        try unsafe call("Subscribe", { _ throws(SystemError) in }, reading: { _ throws(SystemError) in })
        let manager = "path='/org/freedesktop/systemd1',interface='org.freedesktop.systemd1.Manager'"
        try add(match: "\(manager),member='JobRemoved'")
    }

    /// Waits for a signal that was subscribed to.
    ///
    /// - Returns: `false` if the wait was cancelled.
    func waitForSignal(
        until deadline: ContinuousClock.Instant,
        _ cancelled: Waker,
    ) throws(SystemError) -> Bool {
        while true {
            if try takeSignals() { return true }
            let events = Int16(truncatingIfNeeded: try check(unsafe sd_bus_get_events(raw)))
            let bus = try check(unsafe sd_bus_get_fd(raw))
            var waits = [pollfd(fd: bus, events: events, revents: 0), pollfd(reading: cancelled.raw)]
            guard try poll(&waits, until: deadline) else { return true }
            if waits[1].isReady { return false }
        }
    }

    /// Takes all messages that have arrived, and returns whether there was one.
    private func takeSignals() throws(SystemError) -> Bool {
        var hasMessage = false
        while true {
            var message: OpaquePointer?
            defer { unsafe sd_bus_message_unref(message) }
            let result = try check(unsafe sd_bus_process(raw, &message))
            if unsafe message != nil { hasMessage = true }
            if result == 0 { return hasMessage }
        }
    }

    private func add(match: String) throws(SystemError) {
        // The handler leaves each message to `sd_bus_process`, which returns it.
        let rule = "type='signal',sender='\(Self.systemd)',\(match)"
        try check(unsafe sd_bus_set_method_call_timeout(raw, remaining()))
        try check(unsafe sd_bus_add_match(raw, nil, rule, { _, _, _ in 0 }, nil))
    }
}
