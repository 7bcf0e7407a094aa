/// A converter of ascending byte offsets to lines and columns, in one pass over the text.
struct LineCounter {
    private let bytes: ArraySlice<UInt8>
    private var offset: Int
    private var position: SourceLocation.Position

    /// Creates a counter at the beginning of a line.
    init(_ bytes: ArraySlice<UInt8>, line: Int = 1) {
        self.bytes = bytes
        offset = bytes.startIndex
        position = SourceLocation.Position(line: line, column: 1)
    }

    /// Returns the position of an offset, which must not be less than the previous offset.
    mutating func mark(of target: Int) -> SourceLocation.Position {
        while offset < min(target, bytes.endIndex) {
            let byte = bytes[offset]
            offset += 1
            if byte == UInt8(ascii: "\n") {
                position = SourceLocation.Position(line: position.line + 1, column: 1)
            } else if byte & 0xC0 != 0x80 {
                position.column += 1
            }
        }
        return position
    }
}
