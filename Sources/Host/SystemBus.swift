import Base
import CSystemd
import Glibc

/// One connection to the bus of systemd, for one unit.
@safe
struct SystemBus: ~Copyable {
    static let systemd = "org.freedesktop.systemd1"
    static let managerPath = "/org/freedesktop/systemd1"
    static let operation = "cannot ask systemd for the state of"

    let raw: OpaquePointer
    let unit: String
    private var deadline: ContinuousClock.Instant

    /// Prepares a connection whose calls all end before a deadline.
    init(unit: String, deadline: ContinuousClock.Instant) throws(SystemError) {
        var opened: OpaquePointer?
        let code = unsafe sd_bus_new(&opened)
        guard let opened = unsafe opened else { throw SystemError(Self.operation, unit, code: -code) }
        unsafe raw = opened
        self.unit = unit
        self.deadline = deadline
    }

    // Not flushed, which could block.
    deinit { unsafe sd_bus_close_unref(raw) }

    /// Sets another deadline for the calls that follow.
    mutating func setDeadline(_ deadline: ContinuousClock.Instant) {
        self.deadline = deadline
    }

    /// Connects and authenticates.
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

    /// Reads a property of the unit; systemd loads the unit if necessary.
    func unitProperty(_ property: String) throws(SystemError) -> String {
        try text(property, of: unit, as: .unit)
    }

    func unitState() throws(SystemError) -> UnitState {
        UnitState(
            load: try unitProperty("LoadState"),
            active: try unitProperty("ActiveState"),
            sub: try unitProperty("SubState"),
        )
    }

    /// The interfaces of systemd's manager and of its units.
    enum Interface: String {
        case manager = "org.freedesktop.systemd1.Manager"
        case unit = "org.freedesktop.systemd1.Unit"
        case service = "org.freedesktop.systemd1.Service"
        case timer = "org.freedesktop.systemd1.Timer"
    }

    func text(_ property: String, of unit: String, as interface: Interface) throws(SystemError) -> String {
        var text: UnsafeMutablePointer<CChar>?
        defer { unsafe free(text) }
        try unsafe call(about: unit) { path, error in
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

    /// Reads a property of a unit that is a list of strings.
    func texts(_ property: String, of unit: String) throws(SystemError) -> [String] {
        var list: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
        try unsafe call(about: unit) { path, error in
            unsafe sd_bus_get_property_strv(
                raw,
                Self.systemd,
                path,
                Interface.unit.rawValue,
                property,
                error,
                &list
            )
        }
        guard let first = unsafe list else { return [] }
        defer { unsafe free(first) }
        var texts: [String] = []
        var next = unsafe first
        while let text = unsafe next.pointee {
            unsafe texts.append(String(cString: text))
            unsafe free(text)
            unsafe next += 1
        }
        return texts
    }

    /// Reads an integer property of a unit: 32 bits with a sign, or 64 without.
    func number<Number: PropertyNumber>(
        _ property: String,
        of unit: String,
        as interface: Interface,
    ) throws(SystemError) -> Number {
        try number(property, at: try path(of: unit), as: interface)
    }

    /// Reads an integer property of the object at a path.
    func number<Number: PropertyNumber>(
        _ property: String,
        at path: String,
        as interface: Interface,
    ) throws(SystemError) -> Number {
        var number: Number = 0
        let type = CChar(UInt8(ascii: Number.busType))
        try unsafe call(at: path) { path, error in
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

    /// Calls the bus about a unit.
    private func call(
        about unit: String,
        _ body: (String, UnsafeMutablePointer<sd_bus_error>) -> CInt,
    ) throws(SystemError) {
        let path = try path(of: unit)
        try unsafe call(at: path, body)
    }

    /// Calls the bus about the object at a path.
    private func call(
        at path: String,
        _ body: (String, UnsafeMutablePointer<sd_bus_error>) -> CInt,
    ) throws(SystemError) {
        try check(unsafe sd_bus_set_method_call_timeout(raw, remaining()))
        var error = unsafe sd_bus_error()
        defer { unsafe sd_bus_error_free(&error) }
        let code = unsafe body(path, &error)
        if code < 0 { throw unsafe failure(-code, error) }
    }

    /// Returns the path of the unit's object on the bus.
    func path(of unit: String) throws(SystemError) -> String {
        var path: UnsafeMutablePointer<CChar>?
        defer { unsafe free(path) }
        try check(unsafe sd_bus_path_encode("/org/freedesktop/systemd1/unit", unit, &path))
        return unsafe path.map { unsafe String(cString: $0) } ?? ""
    }

    /// The microseconds until the deadline.
    func remaining() throws(SystemError) -> UInt64 {
        let microseconds = (deadline - .now).microseconds
        guard microseconds > 0 else { throw failure(ETIMEDOUT, "the system bus does not answer") }
        return UInt64(microseconds)
    }

    /// Throws an error for a negative result of sd-bus.
    @discardableResult
    func check(_ code: CInt) throws(SystemError) -> CInt {
        if code >= 0 { return code }
        throw failure(-code, nil)
    }

    /// Creates the error of a reply.
    func failure(_ code: CInt, _ error: sd_bus_error) -> SystemError {
        failure(code, unsafe error.message.map { unsafe String(cString: $0) })
    }

    private func failure(_ code: CInt, _ detail: String?) -> SystemError {
        SystemError(Self.operation, unit, code: code, detail: detail)
    }
}

/// An integer that a property can have.
protocol PropertyNumber: FixedWidthInteger {
    /// The letter of its type on the bus.
    static var busType: Unicode.Scalar { get }
}

extension UInt64: PropertyNumber {
    static var busType: Unicode.Scalar { "t" }
}

extension Int32: PropertyNumber {
    static var busType: Unicode.Scalar { "i" }
}
