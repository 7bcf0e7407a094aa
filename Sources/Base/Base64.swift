/// An error in base64 text; its description does not quote the text, which may be a secret.
public struct Base64Error: Error, Sendable, Hashable, CustomStringConvertible {
    /// The predicate of a sentence about the text, such as `is not base64: it has other characters`.
    public let description: String
}

/// The base64 encoding of RFC 4648, section 4.
public enum Base64 {
    /// Encodes bytes as one line.
    public static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = group.reduce(0) { $0 << 8 | UInt32($1) } << (8 * UInt32(3 - group.count))
            for index in 0..<4 {
                let digit = Int(bits >> (18 - 6 * UInt32(index)) & 63)
                text.append(index <= group.count ? alphabet[digit] : padding)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Decodes a text, ignoring line breaks, as Go's `encoding/base64` and therefore API servers do.
    ///
    /// - Throws: ``Base64Error`` if the text has characters outside the alphabet, is cut off or has wrong padding.
    public static func decode(_ text: String) throws(Base64Error) -> [UInt8] {
        var bytes: [UInt8] = []
        var (bits, digitCount, paddingCount) = (UInt32(0), 0, 0)
        for byte in text.utf8 where byte != UInt8(ascii: "\n") && byte != UInt8(ascii: "\r") {
            if byte == padding {
                paddingCount += 1
                continue
            }
            let value = values[Int(byte)]
            guard value != 255 else { throw Base64Error(description: "is not base64: it has other characters") }
            guard paddingCount == 0 else { throw broken }
            bits = bits << 6 | UInt32(value)
            digitCount += 1
            guard digitCount.isMultiple(of: 4) else { continue }
            for shift in [16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: bits >> shift)) }
        }
        let rest = digitCount % 4
        guard rest == 0 ? paddingCount == 0 : rest > 1 && rest + paddingCount == 4 else { throw broken }
        bits <<= 6 * UInt32(paddingCount)
        for shift in [16, 8].prefix(max(0, rest - 1)) { bytes.append(UInt8(truncatingIfNeeded: bits >> shift)) }
        return bytes
    }

    private static let broken = Base64Error(description: "is broken base64: it is cut off, or has '=' in the middle")

    private static let padding = UInt8(ascii: "=")

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// The value of each digit, and 255 for all other bytes.
    private static let values: [UInt8] = alphabet.enumerated().reduce(into: Array(repeating: 255, count: 256)) {
        $0[Int($1.element)] = UInt8($1.offset)
    }
}
