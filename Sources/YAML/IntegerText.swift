import Base

/// An integer of at most 64 bits in Go's notation: `15`, `017`, `0o17`, `0xF`, `0b1111`.
struct IntegerText {
    /// The number with digits from 0 to 9.
    var decimal: String

    /// Parses a number without underscores.
    ///
    /// Returns `nil` for a number that does not fit, and for `08`, which Go reads as a floating-point number.
    init?(_ text: String) {
        let isNegative = text.utf8.first == UInt8(ascii: "-")
        let isSigned = isNegative || text.utf8.first == UInt8(ascii: "+")
        let unsigned = text.utf8.dropFirst(isSigned ? 1 : 0)
        let (digits, radix) = Self.split(unsigned)
        guard let first = digits.first else { return nil }
        if radix == 2, !isSigned, first.isSign {
            // `0b-1`, which Go reads in a second attempt.
            guard let value = Int64(String(decoding: digits, as: UTF8.self), radix: 2) else { return nil }
            decimal = String(value)
            return
        }
        guard !first.isSign, let value = UInt64(String(decoding: digits, as: UTF8.self), radix: radix) else {
            return nil
        }
        guard value <= Self.largest(isSigned: isSigned, isNegative: isNegative) else { return nil }
        decimal = isNegative && value > 0 ? "-\(value)" : String(value)
    }

    /// Only a number without a sign may use all 64 bits.
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
