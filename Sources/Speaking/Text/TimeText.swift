/// Writes an instant as RFC 3339 has it, in UTC and to the millisecond.
///
/// - Parameter milliseconds: The milliseconds since 1970.
/// - Returns: The text, such as `2025-03-01T12:00:00.250Z`.
func timestampText(_ milliseconds: Int64) -> String {
    let days = flooredQuotient(milliseconds, 86_400_000)
    let rest = milliseconds - days * 86_400_000
    let date = civilDate(days)
    let seconds = rest / 1000
    let time = [seconds / 3600, seconds / 60 % 60, seconds % 60].map { digits($0, 2) }.joined(separator: ":")
    return "\(digits(date.year, 4))-\(digits(date.month, 2))-\(digits(date.day, 2))T\(time).\(digits(rest % 1000, 3))Z"
}

/// The date of a day that is counted from 1970-01-01, by the calendar that begins its years in March.
///
/// With the leap day at the end of the year the months before it have a regular length, and an era of 400 years has
/// 146,097 days. 719,468 is the number of days from 0000-03-01 to 1970-01-01.
private func civilDate(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let shifted = days + 719_468
    let era = flooredQuotient(shifted, 146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
}

private func flooredQuotient(_ dividend: Int64, _ divisor: Int64) -> Int64 {
    (dividend >= 0 ? dividend : dividend - divisor + 1) / divisor
}

private func digits(_ number: Int64, _ count: Int) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, count - text.count)) + text
}

extension Duration {
    /// The duration in whole seconds for lines that are redrawn: `8 s`, `3m 20s`, `1h 5m`.
    var clockText: String {
        let seconds = max(0, components.seconds)
        switch seconds {
        case ..<60: return "\(seconds) s"
        case ..<3600: return "\(seconds / 60)m \(seconds % 60)s"
        default: return "\(seconds / 3600)h \(seconds % 3600 / 60)m"
        }
    }

    /// The duration in seconds as a JSON number, to the millisecond.
    var jsonSeconds: String {
        let (seconds, attoseconds) = components
        return "\(seconds).\(digits(attoseconds / 1_000_000_000_000_000, 3))"
    }

    /// The duration in microseconds, as the journal likes it.
    var microseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000 + attoseconds / 1_000_000_000_000
    }
}
