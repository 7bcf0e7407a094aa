extension Duration {
    /// Whole milliseconds, rounded up, from 0 to a limit.
    func milliseconds(atMost limit: Int64) -> Int64 {
        guard self > .zero else { return 0 }
        guard self < .milliseconds(limit) else { return limit }
        let (seconds, attoseconds) = components
        return seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
    }

    /// The duration as people say it: `200 ms`, `1.5 s`, `10 s`.
    var roundedText: String {
        let milliseconds = milliseconds(atMost: .max / 2)
        guard milliseconds >= 1000 else { return "\(milliseconds) ms" }
        let tenths = (milliseconds + 50) / 100
        return tenths.isMultiple(of: 10) ? "\(tenths / 10) s" : "\(tenths / 10).\(tenths % 10) s"
    }
}
