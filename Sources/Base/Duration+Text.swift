/// Parses a duration in the notation of a task file: `500ms`, `30s`, `10m`, `1h`, or several units such as `1h30m`.
///
/// Units are in descending order, each at most once. Zero is valid.
public func parseDuration(_ text: String) -> Duration? {
    var rest = text[...]
    var total = Duration.zero
    var previousUnit = Int.max
    repeat {
        let digits = rest.prefix { $0.isASCII && $0.isWholeNumber }
        rest = rest.dropFirst(digits.count)
        let unit = rest.prefix { $0.isASCII && $0.isLetter }
        rest = rest.dropFirst(unit.count)
        // A count of nine digits fits into a Duration even in hours, and exceeds every limit.
        guard digits.count <= 9, let count = Int(digits), let milliseconds = unitMilliseconds[String(unit)] else {
            return nil
        }
        guard milliseconds < previousUnit else { return nil }
        previousUnit = milliseconds
        total += .milliseconds(count * milliseconds)
    } while !rest.isEmpty
    return total
}

private let unitMilliseconds = ["ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000]

// MARK: Texts

extension Duration {
    /// The duration in the notation of a task file, such as `1h30m`, rounded to milliseconds; `0s` if negative.
    public var text: String {
        var rest = roundedMilliseconds
        guard rest > 0 else { return "0s" }
        var text = ""
        for (length, unit) in [(3_600_000, "h"), (60_000, "m"), (1000, "s"), (1, "ms")] as [(Int64, String)] {
            if rest >= length { text += "\(rest / length)\(unit)" }
            rest %= length
        }
        return text
    }

    /// The duration for messages, in at most two units: `250 ms`, `1.2 s`, `10 s`, `3m 20s`, `1h 5m`, `2d 3h`.
    public var humanReadable: String {
        let milliseconds = Swift.max(roundedMilliseconds, 0)
        guard milliseconds >= 1000 else { return "\(milliseconds) ms" }
        let tenths = (milliseconds + 50) / 100
        guard tenths >= 600 else {
            return tenths.isMultiple(of: 10) ? "\(tenths / 10) s" : "\(tenths / 10).\(tenths % 10) s"
        }
        let seconds = (milliseconds + 500) / 1000
        switch seconds {
        case ..<3600: return "\(seconds / 60)m \(seconds % 60)s"
        case ..<86_400: return "\(seconds / 3600)h \(seconds % 3600 / 60)m"
        default: return "\(seconds / 86_400)d \(seconds % 86_400 / 3600)h"
        }
    }

    /// The duration as in ``humanReadable``, but without fractions of a second, for lines that are redrawn.
    public var clockText: String {
        self < .seconds(1) ? "0 s" : Duration.seconds(components.seconds).humanReadable
    }

    /// The duration in seconds as a JSON number with three decimal places.
    public var jsonSeconds: String {
        let (seconds, attoseconds) = components
        let digits = String(1000 + attoseconds / 1_000_000_000_000_000).dropFirst()
        return "\(seconds).\(digits)"
    }
}

// MARK: Numbers

extension Duration {
    /// The number of whole microseconds, clamped to the range of `Int64`.
    public var microseconds: Int64 {
        let (seconds, attoseconds) = components
        let (microseconds, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        guard !overflow else { return seconds > 0 ? .max : .min }
        return microseconds + attoseconds / 1_000_000_000_000
    }

    /// Returns the milliseconds for the timeout of a C function, rounded up and clamped between 0 and a limit.
    public func milliseconds(atMost limit: Int64) -> Int64 {
        guard self > .zero else { return 0 }
        guard self < .milliseconds(limit) else { return limit }
        let (seconds, attoseconds) = components
        return seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
    }

    private var roundedMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        let (milliseconds, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        guard !overflow else { return seconds > 0 ? .max / 2 : .min / 2 }
        return milliseconds + (attoseconds + 500_000_000_000_000) / 1_000_000_000_000_000
    }
}
