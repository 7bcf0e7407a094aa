extension Number {
    /// Parses a number that Go does not read as an integer, such as `1.10`, `.5`, `1e3` or `08`.
    ///
    /// The number keeps all its digits. `plain` is the text without underscores.
    ///
    /// - Returns: `nil` if the text is not a number or its magnitude is 10^309 or more.
    static func decimal(text: String, plain: String) -> Self? {
        guard let number = DecimalText(plain), number.point <= 309 else { return nil }
        return Self(text: text, json: number.goJSON)
    }

    /// Creates a number from a text that follows JSON's grammar.
    static func json(_ text: String) -> Self {
        if text == "-0" { return Self(text: text, json: "0") }
        let isWhole = text.utf8.allSatisfy { $0 <= UInt8(ascii: "9") && $0 != UInt8(ascii: ".") }
        if isWhole { return Self(text: text, json: text) }
        return decimal(text: text, plain: text) ?? Self(text: text, json: text)
    }

    /// Parses an integer of at most 64 bits in Go's notation: `15`, `017`, `0o17`, `0xF`, `0b1111`.
    ///
    /// `plain` has no underscores. Returns `nil` for other texts, such as `08`, which Go reads as a `float64`.
    static func integer(text: String, plain: String) -> Self? {
        let isNegative = plain.utf8.first == UInt8(ascii: "-")
        let isSigned = isNegative || plain.utf8.first == UInt8(ascii: "+")
        let (digits, radix) = split(plain.utf8.dropFirst(isSigned ? 1 : 0))
        guard let first = digits.first, !first.isSign,
            let value = UInt64(String(decoding: digits, as: UTF8.self), radix: radix),
            value <= largest(isSigned: isSigned, isNegative: isNegative)
        else { return nil }
        return Self(text: text, json: isNegative && value > 0 ? "-\(value)" : String(value))
    }

    /// Returns the largest allowed magnitude; only a number without a sign may use all 64 bits.
    private static func largest(isSigned: Bool, isNegative: Bool) -> UInt64 {
        if isNegative { return Int64.min.magnitude }
        return isSigned ? UInt64(Int64.max) : .max
    }

    private static func split(_ text: Substring.UTF8View) -> (digits: Substring.UTF8View, radix: Int) {
        guard text.first == UInt8(ascii: "0"), text.count > 1 else { return (text, 10) }
        switch text.dropFirst().first {
        case UInt8(ascii: "x"), UInt8(ascii: "X"): return (text.dropFirst(2), 16)
        case UInt8(ascii: "o"), UInt8(ascii: "O"): return (text.dropFirst(2), 8)
        case UInt8(ascii: "b"), UInt8(ascii: "B"): return (text.dropFirst(2), 2)
        default: return (text.dropFirst(), 8)
        }
    }
}

/// A decimal number with all its digits: its value is `0.digits` times ten to the power of `point`.
private struct DecimalText {
    var isNegative = false

    /// The digits as characters, without leading and trailing zeros; empty for zero.
    var digits: [UInt8] = []

    /// The number of digits before the decimal point or, negated, the number of zeros between it and the digits.
    var point = 0

    /// Parses a number such as `-12.5e3`: an optional sign, digits with an optional point, an optional exponent.
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
