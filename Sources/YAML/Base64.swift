/// Decodes base64 with padding, line breaks in it passed over.
///
/// - Returns: The bytes, or `nil` for a text that is not base64.
func decodeBase64(_ text: String) -> [UInt8]? {
    let characters = text.utf8.filter { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
    guard characters.count.isMultiple(of: 4) else { return nil }
    let padding = characters.reversed().prefix { $0 == UInt8(ascii: "=") }.count
    guard padding <= 2 else { return nil }
    var bytes: [UInt8] = []
    var bits: UInt32 = 0
    for (index, character) in characters.dropLast(padding).enumerated() {
        guard let sextet = sextet(character) else { return nil }
        bits = bits << 6 | UInt32(sextet)
        let missing = (index + 1) * 6 % 8
        if missing < 6 { bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(missing))) }
    }
    return bytes
}

private func sextet(_ character: UInt8) -> UInt8? {
    switch character {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): character - UInt8(ascii: "A")
    case UInt8(ascii: "a")...UInt8(ascii: "z"): character - UInt8(ascii: "a") + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0") + 52
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: nil
    }
}
