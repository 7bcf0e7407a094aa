import CSystemd

extension SystemBus {
    /// One unit of a list.
    struct ListedUnit {
        var name: String
        var state: UnitState
        /// Whether systemd is about to start, stop or restart it.
        var hasJob: Bool
    }

    /// Asks for the states of several units with one question.
    func units(named names: [String]) throws(SystemError) -> [ListedUnit] {
        var question: OpaquePointer?
        defer { unsafe sd_bus_message_unref(question) }
        let code = unsafe sd_bus_message_new_method_call(
            raw,
            &question,
            Self.systemd,
            "/org/freedesktop/systemd1",
            "org.freedesktop.systemd1.Manager",
            "ListUnitsByNames",
        )
        try check(code)
        try check(unsafe sd_bus_message_open_container(question, type("a"), "s"))
        for name in names { try check(unsafe sd_bus_message_append_basic(question, type("s"), name)) }
        try check(unsafe sd_bus_message_close_container(question))
        var error = unsafe sd_bus_error()
        defer { unsafe sd_bus_error_free(&error) }
        var reply: OpaquePointer?
        defer { unsafe sd_bus_message_unref(reply) }
        let answer = unsafe sd_bus_call(raw, question, try remaining(), &error, &reply)
        if answer < 0 { throw unsafe failure(-answer, error) }
        guard let reply = unsafe reply else { return [] }
        return try unsafe units(in: reply)
    }

    private func units(in reply: OpaquePointer) throws(SystemError) -> [ListedUnit] {
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

    /// Reads the next text, which the message keeps.
    private func text(in reply: OpaquePointer) throws(SystemError) -> String {
        var text: UnsafePointer<CChar>?
        try check(unsafe sd_bus_message_read_basic(reply, type("s"), &text))
        return unsafe text.map { unsafe String(cString: $0) } ?? ""
    }

    private func type(_ letter: Unicode.Scalar) -> CChar { CChar(UInt8(ascii: letter)) }
}
