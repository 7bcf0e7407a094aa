/// Finds the line and column of byte offsets, in one pass over the text as long as the offsets ascend.
struct LineCounter {
    private let bytes: ArraySlice<UInt8>
    private var offset: Int
    private var mark: Mark

    /// Starts counting at the first byte, which is at the beginning of a line.
    init(_ bytes: ArraySlice<UInt8>, line: Int = 1) {
        self.bytes = bytes
        offset = bytes.startIndex
        mark = Mark(line: line, column: 1)
    }

    /// The position of an offset that is not before the one asked for last.
    mutating func mark(of target: Int) -> Mark {
        while offset < min(target, bytes.endIndex) {
            let byte = bytes[offset]
            offset += 1
            if byte == UInt8(ascii: "\n") {
                mark = Mark(line: mark.line + 1, column: 1)
            } else if byte & 0xC0 != 0x80 {
                mark.column += 1
            }
        }
        return mark
    }

    /// The position behind the last character of a text that is no line break.
    static func end(of bytes: ArraySlice<UInt8>, line: Int) -> Mark {
        var counter = Self(bytes, line: line)
        let last = bytes.lastIndex { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
        return counter.mark(of: last.map { $0 + 1 } ?? bytes.startIndex)
    }
}
