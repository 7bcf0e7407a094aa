import CSystemd
import Glibc

/// One connection to the bus on which systemd answers, to ask about units.
@safe
struct SystemBus: ~Copyable {
    static let systemd = "org.freedesktop.systemd1"
    static let operation = "cannot ask systemd for the state of"

    let raw: OpaquePointer
    private let unit: String
    private let deadline: ContinuousClock.Instant

    /// Prepares a connection that is to be over at the deadline.
    init(unit: String, deadline: ContinuousClock.Instant) throws(SystemError) {
        var opened: OpaquePointer?
        let code = unsafe sd_bus_new(&opened)
        guard let opened = unsafe opened else { throw SystemError(Self.operation, unit, code: -code) }
        unsafe raw = opened
        self.unit = unit
        self.deadline = deadline
    }

    // Not flushed: a bus that takes no bytes would hold us.
    deinit { unsafe sd_bus_close_unref(raw) }

    /// Connects and waits until the bus has let us in.
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

    /// Reads a property of the unit, which systemd loads for that if it must.
    func unitProperty(_ property: String) throws(SystemError) -> String {
        try text(property, of: unit, as: .unit)
    }

    /// Which of a unit's properties are meant.
    enum Interface: String {
        case unit = "org.freedesktop.systemd1.Unit"
        case service = "org.freedesktop.systemd1.Service"
    }

    /// Reads a text among the properties of a unit.
    func text(_ property: String, of unit: String, as interface: Interface) throws(SystemError) -> String {
        var text: UnsafeMutablePointer<CChar>?
        defer { unsafe free(text) }
        try unsafe ask(of: unit) { path, error in
            unsafe sd_bus_get_property_string(
                raw,
                Self.systemd,
                path,
                interface.rawValue,
                property,
                error,
                &text
            )
        }
        return unsafe text.map { unsafe String(cString: $0) } ?? ""
    }

    /// Reads a number of 64 bits among the properties of a unit.
    func number(_ property: String, of unit: String, as interface: Interface) throws(SystemError) -> UInt64 {
        var number: UInt64 = 0
        let type = CChar(UInt8(ascii: "t"))
        try unsafe ask(of: unit) { path, error in
            unsafe sd_bus_get_property_trivial(
                raw,
                Self.systemd,
                path,
                interface.rawValue,
                property,
                error,
                type,
                &number
            )
        }
        return number
    }

    /// Puts a question about a unit.
    private func ask(
        of unit: String,
        _ question: (UnsafeMutablePointer<CChar>?, UnsafeMutablePointer<sd_bus_error>) -> CInt,
    ) throws(SystemError) {
        var path: UnsafeMutablePointer<CChar>?
        defer { unsafe free(path) }
        try check(unsafe sd_bus_path_encode("/org/freedesktop/systemd1/unit", unit, &path))
        try check(unsafe sd_bus_set_method_call_timeout(raw, remaining()))
        var error = unsafe sd_bus_error()
        defer { unsafe sd_bus_error_free(&error) }
        let code = unsafe question(path, &error)
        if code < 0 { throw unsafe failure(-code, error) }
    }

    /// The microseconds that are left.
    func remaining() throws(SystemError) -> UInt64 {
        let (seconds, attoseconds) = ContinuousClock.now.duration(to: deadline).components
        let microseconds = seconds * 1_000_000 + attoseconds / 1_000_000_000_000
        guard microseconds > 0 else { throw failure(ETIMEDOUT, "the system bus does not answer") }
        return UInt64(microseconds)
    }

    /// Turns the negative codes of sd-bus into errors.
    @discardableResult
    func check(_ code: CInt) throws(SystemError) -> CInt {
        if code >= 0 { return code }
        throw failure(-code, nil)
    }

    /// The error that a reply tells of.
    func failure(_ code: CInt, _ error: sd_bus_error) -> SystemError {
        failure(code, unsafe error.message.map { unsafe String(cString: $0) })
    }

    private func failure(_ code: CInt, _ detail: String?) -> SystemError {
        SystemError(Self.operation, unit, code: code, detail: detail)
    }
}
