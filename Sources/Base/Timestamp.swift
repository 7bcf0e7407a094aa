internal import Glibc

/// An instant of the wall clock, in seconds.
public struct Timestamp: Sendable, Hashable, Comparable, Codable {
    /// The seconds since 1970-01-01 00:00 UTC.
    public var seconds: Int64

    public init(seconds: Int64) {
        self.seconds = seconds
    }

    /// Returns the time of the machine's clock, which may be wrong.
    public static func now() -> Self {
        Self(seconds: millisecondsNow() / 1000)
    }

    /// Returns the milliseconds since 1970 according to the machine's clock, which may be wrong.
    public static func millisecondsNow() -> Int64 {
        milliseconds(CLOCK_REALTIME)
    }

    /// Returns the milliseconds since boot, excluding time in suspend, like systemd's monotonic timestamps.
    ///
    /// The value orders the events of one boot even if the machine's clock is set in between.
    public static func uptimeMilliseconds() -> Int64 {
        milliseconds(CLOCK_MONOTONIC)
    }

    private static func milliseconds(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        unsafe clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    public static func < (left: Self, right: Self) -> Bool {
        left.seconds < right.seconds
    }
}

extension Timestamp: CustomStringConvertible {
    /// The instant in the format of RFC 3339, in UTC.
    public var description: String { "\(dateAndTime)Z" }

    /// Formats milliseconds since 1970 as RFC 3339 in UTC, such as `2025-03-01T12:00:00.250Z`.
    public static func text(milliseconds: Int64) -> String {
        let rest = ((milliseconds % 1000) + 1000) % 1000
        return "\(Timestamp(seconds: (milliseconds - rest) / 1000).dateAndTime).\(digits(rest, 3))Z"
    }

    private var dateAndTime: String {
        var time = time_t(seconds)
        var fields = unsafe tm()
        // The call fails only for years that do not fit into an `int`, far beyond any clock or certificate.
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
        let bytes = Array(text.utf8)
        func number(_ range: Range<Int>, below limit: Int64 = .max) -> Int64? {
            guard range.upperBound <= bytes.count, bytes[range].allSatisfy(\.isDigit) else { return nil }
            let number = bytes[range].reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
            return number < limit ? number : nil
        }
        func has(_ characters: String, at index: Int) -> Bool {
            index < bytes.count && characters.utf8.contains(bytes[index])
        }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
            let hour = number(11..<13, below: 24), let minute = number(14..<16, below: 60),
            let second = number(17..<19, below: 60),
            has("-", at: 4), has("-", at: 7), has("Tt ", at: 10), has(":", at: 13), has(":", at: 16)
        else { return nil }
        let fraction = has(".", at: 19) ? 1 + bytes[20...].prefix(while: \.isDigit).count : 0
        let zone = 19 + fraction
        guard fraction != 1 else { return nil }
        var offset: Int64 = 0
        if !has("Zz", at: zone) || zone + 1 != bytes.count {
            guard has("+-", at: zone), has(":", at: zone + 3), zone + 6 == bytes.count,
                let hours = number(zone + 1..<zone + 3, below: 24), let minutes = number(zone + 4..<zone + 6, below: 60)
            else { return nil }
            offset = (hours * 3600 + minutes * 60) * (has("+", at: zone) ? 1 : -1)
        }
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

private func digits(_ number: Int64, _ count: Int) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
}
