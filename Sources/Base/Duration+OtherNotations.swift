/// Returns a duration in the notation of a task file if it is written as in other programs.
///
/// These are words and spaces (`10 min`, `1 hour 30 minutes`), fractions (`1.5h`), days and weeks, a clock's notation
/// (`00:05:30`, and `5:30` for minutes and seconds), and ISO 8601 (`PT5M`). A number without a unit is in seconds.
///
/// - Parameter text: The text, which ``parseDuration(_:)`` does not read.
/// - Returns: The duration, such as `1h30m`, or `nil` if the text is not a duration.
public func durationText(inOtherNotation text: String) -> String? {
    if let interval = namedIntervals[text.lowercased()] { return interval }
    let parts = clockParts(text) ?? namedParts(text)
    guard let parts, (1...6).contains(parts.count), parts.allSatisfy({ $0.count < 100_000 }) else { return nil }
    let units = parts.map(\.unit)
    let isWritten = parts.allSatisfy { $0.unit.text != nil && $0.count == $0.count.rounded() && $0.count > 0 }
    if isWritten, zip(units, units.dropFirst()).allSatisfy({ $0.milliseconds > $1.milliseconds }) {
        return parts.map { "\(Int($0.count))\($0.unit.text ?? "")" }.joined()
    }
    let milliseconds = parts.reduce(0) { $0 + $1.count * Double($1.unit.milliseconds) }
    return milliseconds < 1 ? nil : Duration.milliseconds(Int(milliseconds.rounded())).text
}

/// Words for the time between two runs, as in timers and crontabs.
private let namedIntervals = [
    "hourly": "1h", "@hourly": "1h", "daily": "24h", "@daily": "24h", "weekly": "168h", "@weekly": "168h",
    "minutely": "1m",
]

/// A unit of time.
private struct TimeUnit {
    /// The names in other programs, in lower case.
    let names: Set<String>
    let milliseconds: Int
    /// The unit in a task file, `nil` if it has none.
    let text: String?

    static let all = [
        Self(
            names: ["ms", "msec", "msecs", "milli", "millis", "millisecond", "milliseconds"],
            milliseconds: 1,
            text: "ms"
        ),
        Self(names: ["", "s", "sec", "secs", "second", "seconds"], milliseconds: 1000, text: "s"),
        Self(names: ["m", "min", "mins", "minute", "minutes"], milliseconds: 60_000, text: "m"),
        Self(names: ["h", "hr", "hrs", "hour", "hours"], milliseconds: 3_600_000, text: "h"),
        Self(names: ["d", "day", "days"], milliseconds: 86_400_000, text: nil),
        Self(names: ["w", "week", "weeks"], milliseconds: 604_800_000, text: nil),
        Self(names: ["month", "months"], milliseconds: 30 * 86_400_000, text: nil),
        Self(names: ["y", "year", "years"], milliseconds: 365 * 86_400_000, text: nil),
    ]
}

/// A number with its unit.
private typealias TimePart = (count: Double, unit: TimeUnit)

/// Reads `MM:SS` or `HH:MM:SS`.
private func clockParts(_ text: String) -> [TimePart]? {
    let numbers = text.split(separator: ":", omittingEmptySubsequences: false).map { part in
        part.utf8.count <= 4 && part.allSatisfy { $0.isASCII && $0.isWholeNumber } ? Int(part) : nil
    }
    guard numbers.count == 2 || numbers.count == 3, !numbers.contains(nil) else { return nil }
    let units = TimeUnit.all[1...3].reversed().suffix(numbers.count)
    return zip(numbers, units).map { (Double($0 ?? 0), $1) }.filter { $0.count > 0 }
}

/// Reads numbers that are followed by the names of their units.
private func namedParts(_ text: String) -> [TimePart]? {
    var rest = text.lowercased()[...]
    let isISO = rest.first == "p"
    if isISO { rest.removeFirst() }
    var isTime = !isISO
    var parts: [(part: TimePart, isWithoutUnit: Bool)] = []
    while true {
        rest = rest.drop { $0 == " " }
        if !parts.isEmpty, rest.first == "," { rest = rest.dropFirst().drop { $0 == " " } }
        if isISO, rest.first == "t" { (rest, isTime) = (rest.dropFirst(), true) }
        if !parts.isEmpty, rest.hasPrefix("and ") { rest = rest.dropFirst(4).drop { $0 == " " } }
        if rest.isEmpty { return parts.count == 1 || !parts.contains { $0.isWithoutUnit } ? parts.map(\.part) : nil }
        let digits = rest.prefix { $0.isASCII && $0.isWholeNumber || $0 == "." }
        rest = rest.dropFirst(digits.count).drop { $0 == " " }
        // In `P1DT2H`, the `t` belongs to neither unit.
        let name = rest.prefix { $0.isASCII && $0.isLetter && (!isISO || $0 != "t") }
        rest = rest.dropFirst(name.count)
        let unitName = !isTime && name == "m" ? "month" : String(name)
        guard let count = Double(digits), let unit = TimeUnit.all.first(where: { $0.names.contains(unitName) }) else {
            return nil
        }
        parts.append(((count, unit), name.isEmpty))
    }
}
