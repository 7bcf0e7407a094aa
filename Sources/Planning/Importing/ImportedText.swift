public import Base

/// The text of an inventory's file, in UTF-8 and without control characters that no inventory has.
struct ImportedText {
    /// The characters, without a byte-order mark.
    let text: String

    /// Checks the bytes of a file.
    ///
    /// - Throws: ``Base/Problem`` with the place of the first byte that cannot be part of a text.
    init(_ file: SourceFile) throws(Problem) {
        let bytes = file.bytes
        guard !bytes.starts(with: [0xFF, 0xFE]), !bytes.starts(with: [0xFE, 0xFF]) else {
            throw Problem(
                "file is UTF-16 text, where UTF-8 is expected",
                at: SourceLocation(file: file.path),
                hint: "convert it with 'iconv -f UTF-16 -t UTF-8'"
            )
        }
        guard let text = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else {
            let offset = Self.faultyOffset(in: bytes)
            let shown = "0x" + String(bytes[offset], radix: 16, uppercase: true)
            throw Problem(
                "byte \(shown) is not part of a text in UTF-8",
                at: SourceLocation(file: file.path, position: Self.position(of: offset, in: bytes)),
                hint: "if the text is Latin-1, convert it with 'iconv -f LATIN1 -t UTF-8'"
            )
        }
        let mark: Unicode.Scalar = "\u{feff}"
        self.text = text.unicodeScalars.first == mark ? String(text.unicodeScalars.dropFirst()) : text
    }

    /// The offset of the first byte that is 0 or not UTF-8.
    private static func faultyOffset(in bytes: [UInt8]) -> Int {
        // What is not UTF-8 is replaced while it is decoded.
        let same = zip(String(decoding: bytes, as: UTF8.self).utf8, bytes).prefix { $0 == $1 && $1 != 0 }.count
        return min(same, bytes.count - 1)
    }

    private static func position(of offset: Int, in bytes: [UInt8]) -> SourceLocation.Position {
        let before = bytes[..<offset]
        let line = before.count { $0 == UInt8(ascii: "\n") } + 1
        let start = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        return .init(line: line, column: before[start...].count { $0 & 0xC0 != 0x80 } + 1)
    }
}

/// Checks that a file is a text.
///
/// - Parameter file: The file.
/// - Throws: ``Base/Problems`` with the place of the first byte that cannot be part of a text in UTF-8.
public func checkText(of file: SourceFile) throws(Problems) {
    do throws(Problem) {
        _ = try ImportedText(file)
    } catch {
        throw Problems([error])
    }
}
