/// Parsers of numbers.
extension Number {
    /// Parses a number that Go does not read as an integer, such as `1.10`, `.5`, `1e3` or `08`.
    ///
    /// The JSON notation is Go's text for the nearest floating-point value if that text denotes the same number.
    /// Otherwise, the original digits are kept, so that no precision is lost.
    ///
    /// - Parameters:
    ///   - text: The characters in the file.
    ///   - plain: The same characters without underscores.
    /// - Returns: The number, or `nil` if the text is not a number or is too large for a floating-point value.
    static func decimal(text: String, plain: String) -> Self? {
        guard let written = DecimalText(plain) else { return nil }
        // Up to 15 digits survive the conversion to floating point and back, except near the limits of the range.
        if written.digits.count <= 15 && abs(written.point) < 290 {
            return Self(text: text, json: written.goJSON)
        }
        guard let value = Double(plain), value.isFinite else { return nil }
        guard DecimalText(value.description) == written else {
            return Self(text: text, json: jsonGrammar(plain))
        }
        return Self(text: text, json: written.goJSON)
    }

    /// Parses a number of a JSON text.
    static func json(_ text: String) -> Self {
        if text == "-0" { return Self(text: text, json: "0") }
        let isWhole = text.utf8.allSatisfy { $0 <= UInt8(ascii: "9") && $0 != UInt8(ascii: ".") }
        if isWhole { return Self(text: text, json: text) }
        return decimal(text: text, plain: text) ?? Self(text: text, json: text)
    }

    /// Converts a number to JSON's notation: no `+` sign, no leading zeros, and a digit on each side of the point.
    static func jsonGrammar(_ plain: String) -> String {
        let unsigned = plain.utf8.drop(while: \.isSign)
        let whole = unsigned.prefix(while: \.isDigit)
        var rest = unsigned.dropFirst(whole.count)
        var json = plain.utf8.first == UInt8(ascii: "-") ? "-" : ""
        let digits = whole.drop { $0 == UInt8(ascii: "0") }
        json += digits.isEmpty ? "0" : String(decoding: digits, as: UTF8.self)
        if rest.first == UInt8(ascii: ".") {
            let fraction = rest.dropFirst().prefix(while: \.isDigit)
            rest = rest.dropFirst(1 + fraction.count)
            if !fraction.isEmpty { json += "." + String(decoding: fraction, as: UTF8.self) }
        }
        return json + String(decoding: rest, as: UTF8.self)
    }
}

/// An integer of at most 64 bits in Go's notation: `15`, `017`, `0o17`, `0xF`, `0b1111`.
struct IntegerText {
    /// The number in decimal digits.
    var decimal: String

    /// Parses a number without underscores.
    ///
    /// Returns `nil` for a number of more than 64 bits, and for `08`, which Go reads as a floating-point number.
    init?(_ text: String) {
        let isNegative = text.utf8.first == UInt8(ascii: "-")
        let isSigned = isNegative || text.utf8.first == UInt8(ascii: "+")
        let unsigned = text.utf8.dropFirst(isSigned ? 1 : 0)
        let (digits, radix) = Self.split(unsigned)
        guard let first = digits.first, !first.isSign,
            let value = UInt64(String(decoding: digits, as: UTF8.self), radix: radix),
            value <= Self.largest(isSigned: isSigned, isNegative: isNegative)
        else { return nil }
        decimal = isNegative && value > 0 ? "-\(value)" : String(value)
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
