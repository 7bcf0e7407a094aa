/// A version that can be compared with others of the same form: a semantic version, a date or a number.
public struct OrderedVersion: Sendable, Hashable, CustomStringConvertible {
    /// The version as written.
    public let description: String

    private let form: Form

    private enum Form: Sendable, Hashable {
        /// Numbers without zeros at the end, and the identifiers of a pre-release, empty for a release.
        case semantic(numbers: [UInt64], preRelease: [String])
        case date(Timestamp)
        case number(UInt64)
    }

    /// The longest text that is accepted, in bytes.
    public static let sizeLimit = 100

    /// The forms, for messages.
    public static let forms = "a version such as 1.30.2, a date such as 2026-11-24, or a number"

    /// Reads a version, or returns `nil` if the text has none of the forms.
    ///
    /// * A semantic version has two or more numbers, separated by dots, with an optional `v` before them and with the
    ///   pre-release and build metadata of <https://semver.org>; numbers that are missing at the end are zero.
    /// * A date is that of ISO 8601, `2026-11-24`, or a time of RFC 3339 on it, of which whole seconds count.
    /// * A number consists of digits, for example seconds since 1970.
    ///
    /// No number has more than 64 bits.
    ///
    /// - Parameter text: The version as written.
    public init?(_ text: String) {
        guard text.utf8.count <= Self.sizeLimit else { return nil }
        if let number = Self.number(text) {
            form = .number(number)
        } else if let time = Timestamp(rfc3339: "\(text)T00:00:00Z") ?? Timestamp(rfc3339: text) {
            form = .date(time)
        } else if let semantic = Self.semantic(text) {
            form = semantic
        } else {
            return nil
        }
        description = text
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
        case (.date(let left), .date(let right)): Self.order(left, right)
        case (.semantic(let left, let leftRelease), .semantic(let right, let rightRelease)):
            Self.order(left, right, leftRelease, rightRelease)
        default: nil
        }
    }

    private static func number(_ text: some StringProtocol) -> UInt64? {
        text.utf8.allSatisfy(\.isDigit) ? UInt64(text) : nil
    }

    private static func semantic(_ text: String) -> Form? {
        let identifier = /[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*/
        let versions = /v?(?<numbers>[0-9]+(\.[0-9]+)+)(-(?<release>[0-9A-Za-z.-]+))?(\+(?<build>[0-9A-Za-z.-]+))?/
        guard let match = text.wholeMatch(of: versions) else { return nil }
        for part in [match.release, match.build].compactMap(\.self) where part.wholeMatch(of: identifier) == nil {
            return nil
        }
        let parts = match.numbers.split(separator: ".")
        var numbers = parts.compactMap { number($0) }
        guard numbers.count == parts.count else { return nil }
        while numbers.last == 0 { numbers.removeLast() }
        let release = match.release?.split(separator: ".").map { String($0) } ?? []
        return .semantic(numbers: numbers, preRelease: release)
    }

    private static func order<Value: Comparable>(_ left: Value, _ right: Value) -> Order {
        left == right ? .equal : left < right ? .older : .newer
    }

    private static func order(
        _ left: [UInt64],
        _ right: [UInt64],
        _ leftRelease: [String],
        _ rightRelease: [String],
    ) -> Order {
        if left != right { return left.lexicographicallyPrecedes(right) ? .older : .newer }
        // A release is newer than its pre-releases.
        guard !leftRelease.isEmpty, !rightRelease.isEmpty else {
            return order(leftRelease.isEmpty ? 1 : 0, rightRelease.isEmpty ? 1 : 0)
        }
        for (one, other) in zip(leftRelease, rightRelease) where one != other {
            switch (number(one), number(other)) {
            case (let one?, let other?): if one != other { return order(one, other) }
            case (nil, nil): return one.utf8.lexicographicallyPrecedes(other.utf8) ? .older : .newer
            case (let one, _): return one == nil ? .newer : .older
            }
        }
        return order(leftRelease.count, rightRelease.count)
    }
}
