/// A decimal number with all its digits: its value is `0.digits` times ten to the power of `point`.
struct DecimalText: Hashable {
    /// Whether the number is below zero.
    var isNegative = false

    /// The digits as characters, without leading and trailing zeros; empty for zero.
    var digits: [UInt8] = []

    /// The number of digits before the decimal point, negative if zeros follow it.
    var point = 0

    /// Parses a number such as `-12.5e3`: a sign, digits around an optional point, an optional exponent.
    ///
    /// Returns `nil` if the text has any other form.
    init?(_ text: String) {
        let parts = text.utf8.split(maxSplits: 1, omittingEmptySubsequences: false) { $0 | 0x20 == UInt8(ascii: "e") }
        let mantissa = parts[0].dropFirst(parts[0].first?.isSign == true ? 1 : 0)
        let whole = mantissa.prefix { $0 != UInt8(ascii: ".") }
        let fraction = mantissa.dropFirst(whole.count + 1)
        guard let exponent = parts.count == 1 ? 0 : Int(Substring(parts[1])), !whole.isEmpty || !fraction.isEmpty,
            whole.allSatisfy(\.isDigit), fraction.allSatisfy(\.isDigit)
        else { return nil }
        isNegative = parts[0].first == UInt8(ascii: "-")
        let written = Array(whole) + Array(fraction)
        digits = Array(written.drop { $0 == UInt8(ascii: "0") })
        point = whole.count - (written.count - digits.count) + min(max(exponent, -1_000_000_000), 1_000_000_000)
        while digits.last == UInt8(ascii: "0") { digits.removeLast() }
        if digits.isEmpty { point = 0 }
    }
}

extension DecimalText {
    /// The number in the format of Go's `encoding/json`, without loss of digits.
    ///
    /// Zero has no sign, because kubectl converts it to an integer.
    var goJSON: String {
        guard !digits.isEmpty else { return "0" }
        let sign = isNegative ? "-" : ""
        return sign + (point > 21 || point < -5 ? scientific : positional)
    }

    /// The number in scientific notation, such as `1.5e+21`.
    private var scientific: String {
        let fraction = digits.count > 1 ? "." + Self.text(digits.dropFirst()) : ""
        return Self.text(digits.prefix(1)) + fraction + (point < 1 ? "e-" : "e+") + String(abs(point - 1))
    }

    /// The number in positional notation, such as `12.5`.
    private var positional: String {
        if point <= 0 {
            return "0." + String(repeating: "0", count: -point) + Self.text(digits[...])
        }
        if digits.count <= point {
            return Self.text(digits[...]) + String(repeating: "0", count: point - digits.count)
        }
        return Self.text(digits.prefix(point)) + "." + Self.text(digits.dropFirst(point))
    }

    private static func text(_ digits: ArraySlice<UInt8>) -> String {
        String(decoding: digits, as: UTF8.self)
    }
}
