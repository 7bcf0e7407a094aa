import Base

/// Numbers from their text.
extension Number {
    /// Parses a number that is not an integer for Go, such as `1.10`, `.5`, `1e3` or `08`.
    ///
    /// The JSON is Go's text for the nearest floating-point value if that is exactly the number; otherwise the digits are
    /// kept, so that no precision is lost.
    ///
    /// - Parameters:
    ///   - text: The characters in the file.
    ///   - plain: The same without underscores.
    /// - Returns: The number, or `nil` if the text is not a number or too large for a floating-point value.
    static func decimal(text: String, plain: String) -> Self? {
        guard let written = DecimalText(plain.utf8) else { return nil }
        // Up to 15 digits survive the conversion to floating point and back, far from the ends of its range.
        if written.digits.count <= 15 && abs(written.point) < 290 {
            return Self(text: text, json: written.goJSON)
        }
        guard let value = Double(plain), value.isFinite else { return nil }
        guard DecimalText(value.description.utf8) == written else {
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

    /// Converts to JSON's notation with all digits: no sign `+`, no leading zeros, a digit on both sides of the point.
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
