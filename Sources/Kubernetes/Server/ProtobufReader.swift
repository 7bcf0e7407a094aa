/// Reads the fields of one message in protobuf's wire format, in their order.
///
/// The format is that of https://protobuf.dev/programming-guides/encoding/. Groups, which Kubernetes does not use, are
/// refused.
struct ProtobufReader {
    /// The error of bytes that are no message.
    struct Damage: Error {}

    /// The value of a field.
    enum Value {
        case integer(UInt64)
        /// A text, bytes, or a message of its own.
        case bytes(ArraySlice<UInt8>)
    }

    private let bytes: ArraySlice<UInt8>
    private var offset: Int

    /// Starts reading a message that consists of the bytes.
    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        offset = bytes.startIndex
    }

    /// Reads the next field.
    ///
    /// - Returns: The number and the value of the field, or `nil` at the end of the message.
    /// - Throws: ``Damage`` if the bytes are no message.
    mutating func next() throws(Damage) -> (number: UInt64, value: Value)? {
        guard offset < bytes.endIndex else { return nil }
        let key = try integer()
        guard key >> 3 > 0 else { throw Damage() }
        switch key & 7 {
        case 0: return (key >> 3, .integer(try integer()))
        case 1: return (key >> 3, .bytes(try take(8)))
        case 2: return (key >> 3, .bytes(try take(try integer())))
        case 5: return (key >> 3, .bytes(try take(4)))
        default: throw Damage()
        }
    }

    /// Reads an integer of variable length.
    private mutating func integer() throws(Damage) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard offset < bytes.endIndex else { throw Damage() }
            let byte = bytes[offset]
            offset += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        throw Damage()
    }

    private mutating func take(_ count: UInt64) throws(Damage) -> ArraySlice<UInt8> {
        guard count <= UInt64(bytes.endIndex - offset) else { throw Damage() }
        let start = offset
        offset += Int(count)
        return bytes[start..<offset]
    }
}

extension ProtobufReader.Value {
    /// The text of the value, empty for an integer.
    var text: String {
        guard case .bytes(let bytes) = self else { return "" }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The bytes of the value, none for an integer.
    var content: ArraySlice<UInt8> {
        guard case .bytes(let bytes) = self else { return [] }
        return bytes
    }

    /// The integer, 0 for other values.
    var number: Int64 {
        guard case .integer(let value) = self else { return 0 }
        return Int64(bitPattern: value)
    }
}
