internal import Glibc

/// An instant of the wall clock, in seconds.
public struct Timestamp: Sendable, Hashable, Comparable {
    /// The seconds since 1970-01-01 00:00 UTC.
    public var seconds: Int64

    /// Creates an instant from the seconds since 1970-01-01 00:00 UTC.
    public init(seconds: Int64) {
        self.seconds = seconds
    }

    /// Returns the time of the machine's clock, which may be wrong.
    public static func now() -> Self {
        Self(seconds: millisecondsNow() / 1000)
    }

    /// Returns the milliseconds since 1970 by the machine's clock, which may be wrong.
    public static func millisecondsNow() -> Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// Returns the milliseconds since the machine was started, including the time it was suspended.
    ///
    /// The value orders the events of one boot even if the machine's clock is set in between.
    public static func uptimeMilliseconds() -> Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_BOOTTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// Returns whether one instant is before another.
    public static func < (left: Self, right: Self) -> Bool {
        left.seconds < right.seconds
    }
}

extension Timestamp: CustomStringConvertible {
    /// The instant in the format of RFC 3339, in UTC.
    public var description: String { "\(dateAndTime)Z" }

    /// Formats an instant as RFC 3339, in UTC and with milliseconds.
    ///
    /// - Parameter milliseconds: The milliseconds since 1970-01-01 00:00 UTC.
    /// - Returns: The text, such as `2025-03-01T12:00:00.250Z`.
    public static func text(milliseconds: Int64) -> String {
        let rest = ((milliseconds % 1000) + 1000) % 1000
        return "\(Timestamp(seconds: (milliseconds - rest) / 1000).dateAndTime).\(digits(rest, 3))Z"
    }

    private var dateAndTime: String {
        var time = time_t(seconds)
        var fields = unsafe tm()
        // The call fails only for years that do not fit an `int`, far beyond any clock or certificate.
        guard unsafe gmtime_r(&time, &fields) != nil else { return "\(seconds) s after 1970" }
        func two(_ number: CInt) -> String { digits(Int64(number), 2) }
        let year = unsafe digits(Int64(fields.tm_year) + 1900, 4)
        let date = unsafe "\(year)-\(two(fields.tm_mon + 1))-\(two(fields.tm_mday))"
        return unsafe "\(date)T\(two(fields.tm_hour)):\(two(fields.tm_min)):\(two(fields.tm_sec))"
    }
}

extension Timestamp {
    /// Parses a timestamp of RFC 3339; fractions of a second are dropped.
    public init?(rfc3339 text: String) {
        var reader = FieldReader(text)
        guard
            let year = reader.number(digits: 4), reader.skip("-"),
            let month = reader.number(digits: 2), reader.skip("-"),
            let day = reader.number(digits: 2), reader.skip("T", "t", " "),
            let hour = reader.number(digits: 2), reader.skip(":"),
            let minute = reader.number(digits: 2), reader.skip(":"),
            let second = reader.number(digits: 2),
            hour < 24, minute < 60, second < 60,
            reader.skipFraction(), let offset = reader.offset(), reader.isAtEnd
        else { return nil }
        var fields = unsafe tm()
        unsafe fields.tm_year = CInt(year) - 1900
        unsafe fields.tm_mon = CInt(month) - 1
        unsafe fields.tm_mday = CInt(day)
        unsafe fields.tm_hour = CInt(hour)
        unsafe fields.tm_min = CInt(minute)
        unsafe fields.tm_sec = CInt(second)
        let time = unsafe timegm(&fields)
        // timegm converts a day that does not exist, such as February 30, to another day.
        guard unsafe fields.tm_mon == CInt(month) - 1, unsafe fields.tm_mday == CInt(day) else { return nil }
        seconds = Int64(time) - offset
    }
}

/// Parses the fields of a timestamp.
private struct FieldReader {
    private var rest: Substring.UTF8View

    init(_ text: String) {
        rest = text[...].utf8
    }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func number(digits count: Int) -> Int64? {
        let field = rest.prefix(count)
        guard field.count == count, field.allSatisfy(\.isDigit) else { return nil }
        rest = rest.dropFirst(count)
        return field.reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
    }

    mutating func skip(_ choices: Unicode.Scalar...) -> Bool {
        guard let byte = rest.first, choices.contains(Unicode.Scalar(byte)) else { return false }
        rest = rest.dropFirst()
        return true
    }

    /// Skips an optional fraction; returns `false` for a full stop without digits.
    mutating func skipFraction() -> Bool {
        guard skip(".") else { return true }
        let fraction = rest.prefix(while: \.isDigit)
        rest = rest.dropFirst(fraction.count)
        return !fraction.isEmpty
    }

    /// Parses `Z` or `+hh:mm` as seconds east of UTC.
    mutating func offset() -> Int64? {
        if skip("Z", "z") { return 0 }
        let isEast = rest.first == UInt8(ascii: "+")
        guard skip("+", "-"), let hours = number(digits: 2), skip(":"), let minutes = number(digits: 2),
            hours < 24, minutes < 60
        else { return nil }
        return (hours * 3600 + minutes * 60) * (isEast ? 1 : -1)
    }
}

private func digits(_ number: Int64, _ count: Int) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
}
