/// What becomes of a key that is no string: JSON has no other keys.
enum KeyText {
    /// The key of a number that is not whole in Go's eyes.
    ///
    /// It is rounded to 32 bits and printed as Go's `%g`, as kubectl does: `1e6` is the key `1e+06`.
    static func float(_ number: Number) -> String {
        let sign = number.text.utf8.first == UInt8(ascii: "-") ? "-" : ""
        guard let magnitude = Float(number.json)?.magnitude, magnitude.isFinite else { return sign + ".inf" }
        guard let decimal = DecimalText(magnitude.description.utf8), !decimal.digits.isEmpty else { return sign + "0" }
        let isScientific = decimal.point > 6 || decimal.point < -3
        return sign + (isScientific ? decimal.scientific(exponentDigitCount: 2) : decimal.positional)
    }
}
