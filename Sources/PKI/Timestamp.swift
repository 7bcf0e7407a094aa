internal import Glibc

/// An instant on the clock on the wall, in whole seconds.
public struct Timestamp: Sendable, Hashable, Comparable {
    /// Seconds since the beginning of 1970, UTC.
    public var seconds: Int64

    /// Creates an instant from seconds since the beginning of 1970.
    public init(seconds: Int64) {
        self.seconds = seconds
    }

    /// The instant that this machine's clock shows.
    public static func now() -> Self {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Self(seconds: Int64(time.tv_sec))
    }

    /// Tells whether an instant is before another.
    public static func < (left: Self, right: Self) -> Bool {
        left.seconds < right.seconds
    }
}

extension Timestamp: CustomStringConvertible {
    /// The instant as RFC 3339 writes it, in UTC.
    public var description: String {
        let (days, second) = seconds.quotientAndFloorRemainder(by: 86_400)
        let date = CivilDate(daysSince1970: days)
        let time = [second / 3600, second / 60 % 60, second % 60].map { digits($0, 2) }.joined(separator: ":")
        return "\(digits(date.year, 4))-\(digits(date.month, 2))-\(digits(date.day, 2))T\(time)Z"
    }
}

extension Timestamp {
    /// Reads what RFC 3339 allows; fractions of a second are dropped.
    public init?(rfc3339 text: String) {
        var reader = FieldReader(text)
        guard
            let year = reader.number(digits: 4), reader.skip("-"),
            let month = reader.number(digits: 2), reader.skip("-"),
            let day = reader.number(digits: 2), reader.skip("T", "t", " "),
            let hour = reader.number(digits: 2), reader.skip(":"),
            let minute = reader.number(digits: 2), reader.skip(":"),
            let second = reader.number(digits: 2),
            let date = CivilDate(year: year, month: month, day: day),
            hour < 24, minute < 60, second < 60,
            reader.skipFraction(), let offset = reader.offset(), reader.isAtEnd
        else { return nil }
        seconds = date.daysSince1970 * 86_400 + hour * 3600 + minute * 60 + second - offset
    }
}

/// Reads the fields of a time stamp, one after the other.
private struct FieldReader {
    private var rest: Substring.UTF8View

    init(_ text: String) {
        rest = text[...].utf8
    }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func number(digits count: Int) -> Int64? {
        let field = rest.prefix(count)
        guard field.count == count, field.allSatisfy(isDigit) else { return nil }
        rest = rest.dropFirst(count)
        return field.reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
    }

    mutating func skip(_ choices: Unicode.Scalar...) -> Bool {
        guard let byte = rest.first, choices.contains(Unicode.Scalar(byte)) else { return false }
        rest = rest.dropFirst()
        return true
    }

    /// Skips a fraction if there is one, and fails where a full stop has no digits behind it.
    mutating func skipFraction() -> Bool {
        guard skip(".") else { return true }
        let fraction = rest.prefix(while: isDigit)
        rest = rest.dropFirst(fraction.count)
        return !fraction.isEmpty
    }

    /// Reads `Z` or `+hh:mm` as seconds east of Greenwich.
    mutating func offset() -> Int64? {
        if skip("Z", "z") { return 0 }
        let isEast = rest.first == UInt8(ascii: "+")
        guard skip("+", "-"), let hours = number(digits: 2), skip(":"), let minutes = number(digits: 2),
            hours < 24, minutes < 60
        else { return nil }
        return (hours * 3600 + minutes * 60) * (isEast ? 1 : -1)
    }
}

private func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
}

private func digits(_ number: Int64, _ count: Int) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
}
