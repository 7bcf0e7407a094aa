/// Questions about the characters that numbers are made of.
extension UInt8 {
    /// Whether this is a digit from 0 to 9.
    var isDigit: Bool { self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9") }

    /// Whether this is `+` or `-`.
    var isSign: Bool { self == UInt8(ascii: "+") || self == UInt8(ascii: "-") }
}
