import Base
import CSystemd

extension SystemBus {
    /// One unit of a list.
    struct ListedUnit {
        var name: String
        var state: UnitState
        /// Whether systemd is about to start, stop or restart it.
        var hasJob: Bool
    }

    /// Reads the states of several units with one call.
    func units(named names: [String]) throws(SystemError) -> [ListedUnit] {
        try unsafe call("ListUnitsByNames") { request throws(SystemError) in
            try check(unsafe sd_bus_message_open_container(request, type("a"), "s"))
            for name in names { try unsafe append(name, to: request) }
            try check(unsafe sd_bus_message_close_container(request))
        } reading: { reply throws(SystemError) in
            try unsafe units(in: reply)
        }
    }

    /// Reads the states of the loaded units whose names match a pattern.
    func units(matching patterns: [String]) throws(SystemError) -> [ListedUnit] {
        try unsafe call("ListUnitsByPatterns") { request throws(SystemError) in
            for texts in [[], patterns] {
                try check(unsafe sd_bus_message_open_container(request, type("a"), "s"))
                for text in texts { try unsafe append(text, to: request) }
                try check(unsafe sd_bus_message_close_container(request))
            }
        } reading: { reply throws(SystemError) in
            try unsafe units(in: reply)
        }
    }

    /// Has systemd forget that a unit has failed.
    func resetFailed(_ unit: String) throws(SystemError) {
        try unsafe call("ResetFailedUnit") { request throws(SystemError) in
            try unsafe append(unit, to: request)
        } reading: { _ throws(SystemError) in
        }
    }

    /// Has systemd load all units again.
    func reload() throws(SystemError) {
        try unsafe call("Reload", { _ throws(SystemError) in }, reading: { _ throws(SystemError) in })
    }

    func queue(_ job: Systemd.Job) throws(SystemError) {
        try unsafe call(job.method) { request throws(SystemError) in
            try unsafe append(job.unit, to: request)
            try unsafe append(job.mode, to: request)
        } reading: { _ throws(SystemError) in
        }
    }

    /// Calls a method of systemd's manager, with closures that write the arguments and read the reply.
    func call<Value>(
        _ method: String,
        _ fill: (OpaquePointer?) throws(SystemError) -> Void,
        reading read: (OpaquePointer?) throws(SystemError) -> Value,
    ) throws(SystemError) -> Value {
        var request: OpaquePointer?
        defer { unsafe sd_bus_message_unref(request) }
        let code = unsafe sd_bus_message_new_method_call(
            raw,
            &request,
            Self.systemd,
            Self.managerPath,
            Interface.manager.rawValue,
            method,
        )
        try check(code)
        try unsafe fill(request)
        var error = unsafe sd_bus_error()
        defer { unsafe sd_bus_error_free(&error) }
        var reply: OpaquePointer?
        defer { unsafe sd_bus_message_unref(reply) }
        let answer = unsafe sd_bus_call(raw, request, try remaining(), &error, &reply)
        if answer < 0 { throw unsafe failure(-answer, error) }
        return try unsafe read(reply)
    }

    private func append(_ text: String, to message: OpaquePointer?) throws(SystemError) {
        try check(unsafe sd_bus_message_append_basic(message, type("s"), text))
    }

    private func units(in reply: OpaquePointer?) throws(SystemError) -> [ListedUnit] {
        let members = "ssssssouso"
        var units: [ListedUnit] = []
        try check(unsafe sd_bus_message_enter_container(reply, type("a"), "(\(members))"))
        while try check(unsafe sd_bus_message_enter_container(reply, type("r"), members)) > 0 {
            let name = try unsafe text(in: reply)
            try check(unsafe sd_bus_message_skip(reply, "s"))
            let state = UnitState(
                load: try unsafe text(in: reply),
                active: try unsafe text(in: reply),
                sub: try unsafe text(in: reply),
            )
            try check(unsafe sd_bus_message_skip(reply, "so"))
            var job: UInt32 = 0
            try check(unsafe sd_bus_message_read_basic(reply, type("u"), &job))
            try check(unsafe sd_bus_message_skip(reply, "so"))
            try check(unsafe sd_bus_message_exit_container(reply))
            units.append(ListedUnit(name: name, state: state, hasJob: job != 0))
        }
        return units
    }

    /// Reads the next string of a message.
    private func text(in reply: OpaquePointer?) throws(SystemError) -> String {
        var text: UnsafePointer<CChar>?
        try check(unsafe sd_bus_message_read_basic(reply, type("s"), &text))
        return unsafe text.map { unsafe String(cString: $0) } ?? ""
    }

    private func type(_ letter: Unicode.Scalar) -> CChar { CChar(UInt8(ascii: letter)) }
}
