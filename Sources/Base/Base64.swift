/// An error in base64 text, described without the text's characters, which may be part of a secret.
public struct Base64Error: Error, Sendable, Hashable, CustomStringConvertible {
    /// A predicate of the text, such as `is base64 that is cut off`.
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
    /// - Throws: ``Base64Error`` if the text has other characters or ends in the middle of a group.
    public static func decode(_ text: [UInt8]) throws(Base64Error) -> [UInt8] {
        try decode(each: text)
    }

    /// Decodes a string, ignoring line breaks.
    ///
    /// - Throws: ``Base64Error`` if the text has other characters or ends in the middle of a group.
    public static func decode(_ text: String) throws(Base64Error) -> [UInt8] {
        try decode(each: text.utf8)
    }

    private static func decode(each text: some Sequence<UInt8>) throws(Base64Error) -> [UInt8] {
        var decoder = Base64Decoder()
        for byte in text where !isEndOfLine(byte) {
            try decoder.take(byte)
        }
        return try decoder.finish()
    }

    fileprivate static let padding = UInt8(ascii: "=")
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    private static func isEndOfLine(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") }

    /// The value of each digit, and 255 for all other bytes.
    fileprivate static let values: [UInt8] = alphabet.enumerated().reduce(into: Array(repeating: 255, count: 256)) {
        $0[Int($1.element)] = UInt8($1.offset)
    }
}

/// Decodes groups of four characters.
private struct Base64Decoder {
    private var bytes: [UInt8] = []
    private var bits: UInt32 = 0
    private var digitCount = 0
    private var paddingCount = 0
    private var hasSpaces = false

    mutating func take(_ byte: UInt8) throws(Base64Error) {
        if byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") {
            hasSpaces = true
            return
        }
        if byte == Base64.padding {
            paddingCount += 1
            guard digitCount >= 2, digitCount + paddingCount <= 4 else {
                throw Base64Error(description: "is broken base64: a '=' in the middle")
            }
            return
        }
        let value = Base64.values[Int(byte)]
        // The character is not shown: it may be part of a secret.
        guard value != 255 else { throw Base64Error(description: "is not base64: it has other characters") }
        guard paddingCount == 0 else { throw Base64Error(description: "is broken base64: a '=' in the middle") }
        bits = bits << 6 | UInt32(value)
        digitCount += 1
        if digitCount == 4 { flush(byteCount: 3) }
    }

    mutating func finish() throws(Base64Error) -> [UInt8] {
        guard !hasSpaces else { throw Base64Error(description: "is broken base64: it has spaces") }
        guard digitCount > 0 else { return bytes }
        guard digitCount + paddingCount == 4 else { throw Base64Error(description: "is base64 that is cut off") }
        bits <<= 6 * UInt32(paddingCount)
        flush(byteCount: 3 - paddingCount)
        return bytes
    }

    private mutating func flush(byteCount: Int) {
        for index in 0..<byteCount {
            bytes.append(UInt8(truncatingIfNeeded: bits >> (16 - 8 * UInt32(index))))
        }
        (bits, digitCount) = (0, 0)
    }
}
