/// Reads a duration as a task file has it: `500ms`, `30s`, `10m`, `1h`, or several from long to short such as `1h30m`.
///
/// - Parameter text: What is written.
/// - Returns: The duration, or `nil` if the text is none; zero is one.
public func parseDuration(_ text: String) -> Duration? {
    var rest = text[...]
    var total = Duration.zero
    var longest = Int.max
    repeat {
        let digits = rest.prefix { $0.isASCII && $0.isWholeNumber }
        rest = rest.dropFirst(digits.count)
        let unit = rest.prefix { $0.isASCII && $0.isLetter }
        rest = rest.dropFirst(unit.count)
        // Nine digits of hours fit a Duration, and are far beyond every limit.
        guard digits.count <= 9, let count = Int(digits), let milliseconds = unitLength(unit) else { return nil }
        guard milliseconds < longest else { return nil }
        longest = milliseconds
        total += .milliseconds(count * milliseconds)
    } while !rest.isEmpty
    return total
}

/// How many milliseconds a unit has.
private func unitLength(_ unit: Substring) -> Int? {
    switch unit {
    case "ms": 1
    case "s": 1000
    case "m": 60_000
    case "h": 3_600_000
    default: nil
    }
}

extension Duration {
    /// The duration as a task file has it, such as `1h30m`, to the millisecond.
    public var text: String {
        var rest = wholeMilliseconds
        guard rest > 0 else { return "0s" }
        var text = ""
        for (length, unit) in [(3_600_000, "h"), (60_000, "m"), (1000, "s"), (1, "ms")] as [(Int64, String)] {
            if rest >= length { text += "\(rest / length)\(unit)" }
            rest %= length
        }
        return text
    }

    /// The duration as people like to read how long something took: `250 ms`, `1.2 s`, `3m 20s`, `1h 5m`, `2d 3h`.
    public var forPeople: String {
        let milliseconds = Swift.max(wholeMilliseconds, 0)
        guard milliseconds >= 1000 else { return "\(milliseconds) ms" }
        let tenths = (milliseconds + 50) / 100
        guard tenths >= 600 else { return "\(tenths / 10).\(tenths % 10) s" }
        let seconds = (milliseconds + 500) / 1000
        switch seconds {
        case ..<3600: return "\(seconds / 60)m \(seconds % 60)s"
        case ..<86_400: return "\(seconds / 3600)h \(seconds % 3600 / 60)m"
        default: return "\(seconds / 86_400)d \(seconds % 86_400 / 3600)h"
        }
    }

    /// The duration in milliseconds, rounded, as far as a number can tell.
    private var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        let (milliseconds, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        guard !overflow else { return seconds > 0 ? .max / 2 : .min / 2 }
        return milliseconds + (attoseconds + 500_000_000_000_000) / 1_000_000_000_000_000
    }
}
