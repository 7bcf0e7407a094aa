import Base
import CSystemd
import Glibc

/// A connection to systemd over the system bus; errors name the unit.
@safe
struct SystemBus: ~Copyable {
    static let systemd = "org.freedesktop.systemd1"
    static let managerPath = "/org/freedesktop/systemd1"
    static let operation = "cannot ask systemd for the state of"

    let raw: OpaquePointer
    let unit: String
    /// The deadline of all later calls.
    var deadline: ContinuousClock.Instant

    /// Prepares a connection whose calls end by a deadline.
    init(unit: String, deadline: ContinuousClock.Instant) throws(SystemError) {
        var opened: OpaquePointer?
        let code = unsafe sd_bus_new(&opened)
        guard let opened = unsafe opened else { throw SystemError(Self.operation, unit, code: -code) }
        unsafe raw = opened
        self.unit = unit
        self.deadline = deadline
    }

    // The connection is not flushed, because that could block.
    deinit { unsafe sd_bus_close_unref(raw) }

    /// Connects to the bus at an address, and authenticates.
    func connect(to address: String) throws(SystemError) {
        try check(unsafe sd_bus_set_address(raw, address))
        try check(unsafe sd_bus_set_bus_client(raw, 1))
        let code = unsafe sd_bus_start(raw)
        if code < 0 {
            throw failure(-code, "there is no system bus at '\(address)': \(SystemError("", "", code: -code).reason)")
        }
        while try check(unsafe sd_bus_is_ready(raw)) == 0 {
            if try check(unsafe sd_bus_process(raw, nil)) > 0 { continue }
            try check(unsafe sd_bus_wait(raw, remaining()))
        }
    }

    /// Reads the state of the unit; systemd loads the unit if necessary.
    func unitState() throws(SystemError) -> UnitState {
        UnitState(
            load: try text("LoadState", of: unit),
            active: try text("ActiveState", of: unit),
            sub: try text("SubState", of: unit),
        )
    }

    enum Interface: String {
        case manager = "org.freedesktop.systemd1.Manager"
        case unit = "org.freedesktop.systemd1.Unit"
        case service = "org.freedesktop.systemd1.Service"
        case timer = "org.freedesktop.systemd1.Timer"
        case properties = "org.freedesktop.DBus.Properties"
    }

    /// Reads a property of the object at a path; `type` is the D-Bus type of the property.
    private func property<Value>(
        _ name: String,
        _ type: String,
        at path: String,
        as interface: Interface,
        _ read: (OpaquePointer?) throws(SystemError) -> Value,
    ) throws(SystemError) -> Value {
        try unsafe call("Get", at: path, as: .properties) { request throws(SystemError) in
            for text in [interface.rawValue, name] { try unsafe append(text, to: request) }
        } reading: { reply throws(SystemError) in
            try check(unsafe sd_bus_message_enter_container(reply, self.type("v"), type))
            return try unsafe read(reply)
        }
    }

    func text(_ name: String, of unit: String, as interface: Interface = .unit) throws(SystemError) -> String {
        try unsafe property(name, "s", at: try path(of: unit), as: interface) { reply throws(SystemError) in
            try unsafe text(in: reply)
        }
    }

    func texts(_ name: String, of unit: String) throws(SystemError) -> [String] {
        try unsafe property(name, "as", at: try path(of: unit), as: .unit) { reply throws(SystemError) in
            try check(unsafe sd_bus_message_enter_container(reply, type("a"), "s"))
            var texts: [String] = []
            while let text = try unsafe nextText(in: reply) { texts.append(text) }
            return texts
        }
    }

    func microseconds(_ name: String, at path: String, as interface: Interface) throws(SystemError) -> UInt64 {
        try value(name, "t", at: path, as: interface, 0)
    }

    func status(_ name: String, of unit: String) throws(SystemError) -> Int32 {
        try value(name, "i", at: try path(of: unit), as: .service, 0)
    }

    func flag(_ name: String, of unit: String) throws(SystemError) -> Bool {
        try value(name, "b", at: try path(of: unit), as: .unit, CInt(0)) != 0
    }

    /// Reads a property of a fixed-size D-Bus type; `initial` must have the size of that type.
    private func value<Value: BitwiseCopyable>(
        _ name: String,
        _ type: Unicode.Scalar,
        at path: String,
        as interface: Interface,
        _ initial: Value,
    ) throws(SystemError) -> Value {
        try unsafe property(name, String(type), at: path, as: interface) { reply throws(SystemError) in
            var value = initial
            try check(unsafe sd_bus_message_read_basic(reply, self.type(type), &value))
            return value
        }
    }

    func path(of unit: String) throws(SystemError) -> String {
        try SystemError.checkPath(Self.operation, unit)
        var path: UnsafeMutablePointer<CChar>?
        defer { unsafe free(path) }
        try check(unsafe sd_bus_path_encode("/org/freedesktop/systemd1/unit", unit, &path))
        return unsafe path.map { unsafe String(cString: $0) } ?? ""
    }

    /// Returns the microseconds until the deadline; throws an error if it has passed.
    func remaining() throws(SystemError) -> UInt64 {
        let microseconds = (deadline - .now).microseconds
        guard microseconds > 0 else { throw failure(ETIMEDOUT, "the system bus does not answer") }
        return UInt64(microseconds)
    }

    /// Throws an error for a negative result of sd-bus, which is the negated error code.
    @discardableResult
    func check(_ code: CInt) throws(SystemError) -> CInt {
        if code >= 0 { return code }
        throw failure(-code, nil)
    }

    private func failure(_ code: CInt, _ detail: String?) -> SystemError {
        SystemError(Self.operation, unit, code: code, detail: detail)
    }

    /// Subscribes to signals about the unit's properties, the end of its jobs, and reloads of systemd.
    func subscribe() throws(SystemError) {
        try order("Subscribe")
        let manager = "path='/org/freedesktop/systemd1',interface='org.freedesktop.systemd1.Manager'"
        try add(match: "\(manager),member='Reloading'")
        // systemd reports the first change of a unit that was not loaded as UnitNew, not as PropertiesChanged. UnitNew
        // cannot be used, because each reading of the state may load the unit and send the signal again. The end of a
        // job is always reported. Changes of an alias are reported under the unit's own name.
        let properties = "interface='org.freedesktop.DBus.Properties',member='PropertiesChanged'"
        for name in Set([unit, try text("Id", of: unit)]) {
            try add(match: "path='\(try path(of: name))',\(properties)")
            try add(match: "\(manager),member='JobRemoved',arg2='\(name)'")
        }
    }

    /// Waits for a message or the deadline, and returns `false` only if the wait was cancelled.
    ///
    /// `onJobEnd` receives the path and the result of each job that has ended. Results include `done`, `failed`,
    /// `canceled`, `timeout`, `dependency`, and `skipped`; see `JobRemoved` in org.freedesktop.systemd1(5).
    func waitForSignal(
        until deadline: ContinuousClock.Instant,
        _ cancelled: Waker,
        onJobEnd: (_ path: String, _ result: String) -> Void = { _, _ in },
    ) throws(SystemError) -> Bool {
        while true {
            if try takeSignals(onJobEnd) { return true }
            let events = Int16(truncatingIfNeeded: try check(unsafe sd_bus_get_events(raw)))
            let bus = try check(unsafe sd_bus_get_fd(raw))
            var waits = [pollfd(fd: bus, events: events, revents: 0), pollfd(reading: cancelled.raw)]
            guard try poll(&waits, until: deadline) else { return true }
            if waits[1].isReady { return false }
        }
    }

    /// Processes all messages that have arrived, and returns whether there were any.
    private func takeSignals(_ onJobEnd: (String, String) -> Void) throws(SystemError) -> Bool {
        var hasMessage = false
        while true {
            var message: OpaquePointer?
            defer { unsafe sd_bus_message_unref(message) }
            let result = try check(unsafe sd_bus_process(raw, &message))
            if unsafe message != nil {
                hasMessage = true
                if let job = try unsafe endedJob(message) { onJobEnd(job.path, job.result) }
            }
            if result == 0 { return hasMessage }
        }
    }

    private func add(match: String) throws(SystemError) {
        // The handler leaves each message to `sd_bus_process`, which returns it.
        let rule = "type='signal',sender='\(Self.systemd)',\(match)"
        try check(unsafe sd_bus_set_method_call_timeout(raw, remaining()))
        try check(unsafe sd_bus_add_match(raw, nil, rule, { _, _, _ in 0 }, nil))
    }

    struct ListedUnit {
        var name: String
        var state: UnitState
        var hasJob: Bool
    }

    func units(named names: [String]) throws(SystemError) -> [ListedUnit] {
        try units("ListUnitsByNames", [names])
    }

    func units(matching patterns: [String]) throws(SystemError) -> [ListedUnit] {
        try units("ListUnitsByPatterns", [[], patterns])
    }

    private func units(_ method: String, _ arguments: [[String]]) throws(SystemError) -> [ListedUnit] {
        try unsafe call(method) { request throws(SystemError) in
            for texts in arguments { try unsafe append(texts, to: request) }
        } reading: { reply throws(SystemError) in
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
    }

    /// Calls a method of systemd's manager with string arguments, and waits for the reply, whose contents are ignored.
    func order(_ method: String, _ arguments: String...) throws(SystemError) {
        try unsafe call(method) { request throws(SystemError) in
            for text in arguments { try unsafe append(text, to: request) }
        } reading: { _ throws(SystemError) in
        }
    }

    /// Returns whether the files of a unit have changed since systemd read them.
    ///
    /// systemd does not report a new file in `/etc` that takes precedence over the file that it has read.
    func needsReload(for unit: String) throws(SystemError) -> Bool {
        if try flag("NeedDaemonReload", of: unit) { return true }
        let known = try text("FragmentPath", of: unit)
        let own = "/etc/systemd/system/\(unit)"
        guard known != "", try FileSystem.exists(own) else { return false }
        return FileSystem.existingRealPath(own) != FileSystem.existingRealPath(known)
    }

    /// Queues a job that changes the state of a unit, and returns the path of the job's object on the bus.
    @discardableResult
    func queue(_ change: Systemd.ServiceChange, _ unit: String) throws(SystemError) -> String {
        let method =
            switch change {
            case .start: "StartUnit"
            case .stop: "StopUnit"
            case .restart: "RestartUnit"
            case .reload: "ReloadOrRestartUnit"
            }
        return try unsafe call(method) { request throws(SystemError) in
            for text in [unit, "replace"] { try unsafe append(text, to: request) }
        } reading: { reply throws(SystemError) in
            try unsafe text(in: reply, ofType: "o")
        }
    }

    /// Returns the path and the result of the job whose end a signal reports, or `nil` for other messages.
    private func endedJob(_ message: OpaquePointer?) throws(SystemError) -> (path: String, result: String)? {
        let isEnd = try check(
            unsafe sd_bus_message_is_signal(message, Interface.manager.rawValue, "JobRemoved")
        )
        guard isEnd > 0 else { return nil }
        try check(unsafe sd_bus_message_skip(message, "u"))
        let path = try unsafe text(in: message, ofType: "o")
        try check(unsafe sd_bus_message_skip(message, "s"))
        return (path, try unsafe text(in: message))
    }

    /// Creates or removes the links by which systemd starts a unit at boot; systemd must be reloaded afterwards.
    func setEnabled(_ isEnabled: Bool, _ unit: String) throws(SystemError) {
        try unsafe call(isEnabled ? "EnableUnitFiles" : "DisableUnitFiles") { request throws(SystemError) in
            try unsafe append([unit], to: request)
            // The arguments are `runtime` and, to enable, `force`; both are false.
            for _ in 0..<(isEnabled ? 2 : 1) {
                var no: CInt = 0
                try check(unsafe sd_bus_message_append_basic(request, type("b"), &no))
            }
        } reading: { _ throws(SystemError) in
        }
    }

    /// Calls a method of an object, by default systemd's manager; closures write the arguments and read the reply.
    private func call<Value>(
        _ method: String,
        at path: String = managerPath,
        as interface: Interface = .manager,
        _ fill: (OpaquePointer?) throws(SystemError) -> Void,
        reading read: (OpaquePointer?) throws(SystemError) -> Value,
    ) throws(SystemError) -> Value {
        var request: OpaquePointer?
        defer { unsafe sd_bus_message_unref(request) }
        let code = unsafe sd_bus_message_new_method_call(
            raw,
            &request,
            Self.systemd,
            path,
            interface.rawValue,
            method,
        )
        try check(code)
        try unsafe fill(request)
        var error = unsafe sd_bus_error()
        defer { unsafe sd_bus_error_free(&error) }
        var reply: OpaquePointer?
        defer { unsafe sd_bus_message_unref(reply) }
        let answer = unsafe sd_bus_call(raw, request, try remaining(), &error, &reply)
        if answer < 0 { throw failure(-answer, unsafe error.message.map { unsafe String(cString: $0) }) }
        return try unsafe read(reply)
    }

    private func append(_ text: String, to message: OpaquePointer?) throws(SystemError) {
        try SystemError.checkPath(Self.operation, text)
        try check(unsafe sd_bus_message_append_basic(message, type("s"), text))
    }

    private func append(_ texts: [String], to message: OpaquePointer?) throws(SystemError) {
        try check(unsafe sd_bus_message_open_container(message, type("a"), "s"))
        for text in texts { try unsafe append(text, to: message) }
        try check(unsafe sd_bus_message_close_container(message))
    }

    /// Reads the next string of a message, or the next object path if the type is `o`.
    private func text(in reply: OpaquePointer?, ofType type: Unicode.Scalar = "s") throws(SystemError) -> String {
        try unsafe nextText(in: reply, ofType: type) ?? ""
    }

    /// Reads the next string; returns `nil` at the end of a list.
    private func nextText(
        in reply: OpaquePointer?,
        ofType type: Unicode.Scalar = "s",
    ) throws(SystemError) -> String? {
        var text: UnsafePointer<CChar>?
        guard try check(unsafe sd_bus_message_read_basic(reply, self.type(type), &text)) > 0 else { return nil }
        return unsafe text.map { unsafe String(cString: $0) }
    }

    private func type(_ letter: Unicode.Scalar) -> CChar { CChar(UInt8(ascii: letter)) }
}
