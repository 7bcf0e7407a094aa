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
    init?(_ text: some Sequence<UInt8>) {
        var exponent = ExponentText()
        var hasDigit = false
        var hasPoint = false
        for (index, byte) in text.enumerated() {
            if exponent.isOpen {
                guard exponent.append(byte) else { return nil }
                continue
            }
            switch byte {
            case UInt8(ascii: "-"), UInt8(ascii: "+"):
                guard index == 0 else { return nil }
                isNegative = byte == UInt8(ascii: "-")
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                hasDigit = true
                append(byte, afterPoint: hasPoint)
            case UInt8(ascii: "."):
                guard !hasPoint else { return nil }
                hasPoint = true
            case UInt8(ascii: "e"), UInt8(ascii: "E"):
                guard hasDigit else { return nil }
                exponent.isOpen = true
            default: return nil
            }
        }
        guard hasDigit, exponent.isComplete else { return nil }
        while digits.last == UInt8(ascii: "0") { digits.removeLast() }
        point = digits.isEmpty ? 0 : point + exponent.value
    }

    private mutating func append(_ digit: UInt8, afterPoint: Bool) {
        if digits.isEmpty && digit == UInt8(ascii: "0") {
            point -= afterPoint ? 1 : 0
        } else {
            digits.append(digit)
            point += afterPoint ? 0 : 1
        }
    }
}

/// The part of a number after its `e`.
private struct ExponentText {
    var isOpen = false
    private var isNegative = false
    private var hasSign = false
    private var hasDigit = false
    private var magnitude = 0

    /// Whether the exponent is absent or has digits.
    var isComplete: Bool { !isOpen || hasDigit }

    /// The exponent, clamped to ±1,000,000,000.
    var value: Int { isNegative ? -magnitude : magnitude }

    /// Adds the next character, and returns whether it is valid in an exponent.
    mutating func append(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "-"), UInt8(ascii: "+"):
            guard !hasSign && !hasDigit else { return false }
            hasSign = true
            isNegative = byte == UInt8(ascii: "-")
        case UInt8(ascii: "0")...UInt8(ascii: "9"):
            hasDigit = true
            magnitude = min(magnitude * 10 + Int(byte - UInt8(ascii: "0")), 1_000_000_000)
        default: return false
        }
        return true
    }
}

extension DecimalText {
    /// The number in the format of Go's `encoding/json`, without loss of digits.
    ///
    /// Zero has no sign, because kubectl converts it to an integer.
    var goJSON: String {
        guard !digits.isEmpty else { return "0" }
        let sign = isNegative ? "-" : ""
        return sign + (point > 21 || point < -5 ? scientific(exponentDigitCount: 1) : positional)
    }

    /// Returns the scientific notation with a minimum number of exponent digits: `1.5e+21`.
    func scientific(exponentDigitCount: Int) -> String {
        let fraction = digits.count > 1 ? "." + Self.text(digits.dropFirst()) : ""
        let magnitude = String(abs(point - 1))
        let zeros = String(repeating: "0", count: max(0, exponentDigitCount - magnitude.utf8.count))
        return Self.text(digits.prefix(1)) + fraction + (point < 1 ? "e-" : "e+") + zeros + magnitude
    }

    /// The number in positional notation, such as `12.5`.
    var positional: String {
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

/// Converts numeric keys to strings, because JSON requires string keys.
enum KeyText {
    /// Returns the key of a number that is not an integer in Go.
    ///
    /// The number is rounded to 32 bits and formatted with Go's `%g`, as in kubectl: `1e6` is the key `1e+06`.
    static func float(_ number: Number) -> String {
        let sign = number.text.utf8.first == UInt8(ascii: "-") ? "-" : ""
        guard let magnitude = Float(number.json)?.magnitude, magnitude.isFinite else { return sign + ".inf" }
        guard let decimal = DecimalText(magnitude.description.utf8), !decimal.digits.isEmpty else { return sign + "0" }
        let isScientific = decimal.point > 6 || decimal.point < -3
        return sign + (isScientific ? decimal.scientific(exponentDigitCount: 2) : decimal.positional)
    }
}
