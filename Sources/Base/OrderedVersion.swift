/// A version that can be compared with others of the same form: a semantic version, a date or a number.
public struct OrderedVersion: Sendable, Hashable, CustomStringConvertible {
    /// The version as written.
    public let description: String

    private let form: Form

    private enum Form: Sendable, Hashable {
        /// Numbers without leading and trailing zeros, and the identifiers of a pre-release, empty for a release.
        case semantic(numbers: [[UInt8]], preRelease: [String])
        /// An instant, as nanoseconds since 1970 that every 64-bit number can hold until the year 2262.
        case date(Int64)
        /// The digits without leading zeros.
        case number([UInt8])
    }

    /// The longest text that is accepted, in bytes.
    public static let sizeLimit = 100

    /// The forms, for messages.
    public static let forms = "a version such as 1.30.2, a date such as 2026-11-24, or a number"

    /// Reads a version, or returns `nil` if the text has none of the forms.
    ///
    /// * A semantic version has two or more numbers, separated by dots, with an optional `v` before them and with the
    ///   pre-release and build metadata of <https://semver.org>; numbers that are missing at the end are zero.
    /// * A date is that of ISO 8601, `2026-11-24`, or a time of RFC 3339 on it.
    /// * A number consists of digits, for example seconds since 1970.
    ///
    /// - Parameter text: The version as written.
    public init?(_ text: String) {
        guard text.utf8.count <= Self.sizeLimit, let form = Self.number(text) ?? Self.date(text) ?? Self.semantic(text)
        else { return nil }
        description = text
        self.form = form
    }

    /// The order of two versions.
    public enum Order: Sendable, Hashable { case older, equal, newer }

    /// Compares this version with another one.
    ///
    /// Build metadata does not count (<https://semver.org>, item 10).
    ///
    /// - Returns: Whether this version is older or newer, `nil` if the versions have different forms.
    public func order(comparedWith other: Self) -> Order? {
        switch (form, other.form) {
        case (.number(let left), .number(let right)): Self.order(left, right)
        case (.date(let left), .date(let right)): left == right ? .equal : left < right ? .older : .newer
        case (.semantic(let left, let leftRelease), .semantic(let right, let rightRelease)):
            Self.order(left, right, leftRelease, rightRelease)
        default: nil
        }
    }

    private static func number(_ text: String) -> Form? {
        let digits = Array(text.utf8)
        return !digits.isEmpty && digits.allSatisfy(\.isDigit) ? .number(withoutZeros(digits)) : nil
    }

    private static func date(_ text: String) -> Form? {
        let nanoseconds: Int64 = 1_000_000_000
        if let midnight = Timestamp(rfc3339: "\(text)T00:00:00Z") { return scaled(midnight.seconds, nanoseconds) }
        guard let time = Timestamp(rfc3339: text) else { return nil }
        let fraction = text.utf8.split(separator: UInt8(ascii: "."), maxSplits: 1).dropFirst().first ?? [][...]
        let digits = Array(fraction.prefix(while: \.isDigit).prefix(9))
        let padded = digits + Array(repeating: UInt8(ascii: "0"), count: 9 - digits.count)
        let rest = padded.reduce(Int64(0)) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
        guard case .date(let seconds)? = scaled(time.seconds, nanoseconds) else { return nil }
        return .date(seconds + rest)
    }

    private static func scaled(_ seconds: Int64, _ factor: Int64) -> Form? {
        let (product, overflows) = seconds.multipliedReportingOverflow(by: factor)
        return overflows || product > Int64.max - factor ? nil : .date(product)
    }

    private static func semantic(_ text: String) -> Form? {
        let identifier = /[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*/
        let versions = /v?(?<numbers>[0-9]+(\.[0-9]+)+)(-(?<release>[0-9A-Za-z.-]+))?(\+(?<build>[0-9A-Za-z.-]+))?/
        guard let match = text.wholeMatch(of: versions) else { return nil }
        for part in [match.release, match.build].compactMap(\.self) where part.wholeMatch(of: identifier) == nil {
            return nil
        }
        var numbers = match.numbers.utf8.split(separator: UInt8(ascii: ".")).map { withoutZeros(Array($0)) }
        while numbers.last?.isEmpty == true { numbers.removeLast() }
        let release = match.release?.split(separator: ".").map { String($0) } ?? []
        return .semantic(numbers: numbers, preRelease: release)
    }

    /// Returns digits without leading zeros; no digits are zero.
    private static func withoutZeros(_ digits: [UInt8]) -> [UInt8] { Array(digits.drop { $0 == UInt8(ascii: "0") }) }

    private static func order(_ left: [UInt8], _ right: [UInt8]) -> Order {
        guard left.count == right.count else { return left.count < right.count ? .older : .newer }
        return left == right ? .equal : left.lexicographicallyPrecedes(right) ? .older : .newer
    }

    private static func order(
        _ left: [[UInt8]],
        _ right: [[UInt8]],
        _ leftRelease: [String],
        _ rightRelease: [String],
    ) -> Order {
        for index in 0..<max(left.count, right.count) {
            let order = order(index < left.count ? left[index] : [], index < right.count ? right[index] : [])
            if order != .equal { return order }
        }
        // A release is newer than its pre-releases.
        guard !leftRelease.isEmpty, !rightRelease.isEmpty else {
            return leftRelease.isEmpty == rightRelease.isEmpty ? .equal : leftRelease.isEmpty ? .newer : .older
        }
        for (one, other) in zip(leftRelease, rightRelease) where one != other {
            switch (number(one), number(other)) {
            case (.number(let one)?, .number(let other)?):
                let order = order(one, other)
                if order != .equal { return order }
            case (nil, nil): return one.utf8.lexicographicallyPrecedes(other.utf8) ? .older : .newer
            case (let one, _): return one == nil ? .newer : .older
            }
        }
        if leftRelease.count == rightRelease.count { return .equal }
        return leftRelease.count < rightRelease.count ? .older : .newer
    }
}
