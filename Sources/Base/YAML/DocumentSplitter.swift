/// A reader that splits a file at its `---` lines.
///
/// Directives such as `%YAML 1.1` belong to the document after them, unlike in kubectl.
struct DocumentSplitter: Sendable {
    private let bytes: [UInt8]
    private let file: String
    private var offset: Int
    private var line = 1
    private var index = 0

    init(_ bytes: [UInt8], file: String) {
        self.bytes = bytes
        self.file = file
        offset = bytes.starts(with: Self.byteOrderMark) ? Self.byteOrderMark.count : 0
    }

    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// Returns the text of the next document, or `nil` after the last one.
    mutating func next() -> DocumentText? {
        guard offset < bytes.count else { return nil }
        index += 1
        var text = DocumentText(bytes: [], file: file, line: line, index: index)
        if isMarker {
            text.problem = markerProblem()
            passLine()
            text.line = line
        }
        let start = offset
        let end = findEnd(from: start)
        text.bytes = withoutByteOrderMark(bytes[start..<end])
        return text
    }

    /// Advances to the next document, and returns the end of this document's text.
    private mutating func findEnd(from start: Int) -> Int {
        while offset < bytes.count {
            guard isMarker, !isPreamble(bytes[start..<offset]) else {
                passLine()
                continue
            }
            let end = offset
            // A marker followed by text is kept, and makes the next document invalid.
            if markerProblem() == nil { passLine() }
            return end
        }
        return bytes.count
    }

    /// Returns whether a text consists of directives and optional comments, which belong to the next document.
    private func isPreamble(_ text: ArraySlice<UInt8>) -> Bool {
        guard text.first == UInt8(ascii: "%") || text.first == UInt8(ascii: "#") else { return false }
        let starts = text.split(separator: UInt8(ascii: "\n")).compactMap { $0.first { $0 > 0x20 } }
        return starts.contains(UInt8(ascii: "%")) && starts.allSatisfy { "%#".utf8.contains($0) }
    }

    private func endOfLine() -> Int {
        bytes[offset...].firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? bytes.count
    }

    private mutating func passLine() {
        offset = endOfLine()
        line += 1
    }

    /// Whether the next line begins with `---`.
    private var isMarker: Bool { bytes[offset...].starts(with: "---".utf8) }

    /// Returns the problem of a marker line with text other than a comment after the `---`, which kubectl refuses.
    private func markerProblem() -> Problem? {
        let behind = bytes[(offset + 3)..<endOfLine()]
        guard let first = behind.firstIndex(where: { $0 > 0x20 }), bytes[first] != UInt8(ascii: "#") else { return nil }
        let before = bytes[offset..<first].count
        return Problem(
            "text after the document marker '---'",
            at: SourceLocation(file: file, position: SourceLocation.Position(line: line, column: before + 1)),
            hint: "write it on the next line, or indent the line if it belongs to the text before it"
        )
    }

    private func withoutByteOrderMark(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        text.starts(with: Self.byteOrderMark) ? text.dropFirst(Self.byteOrderMark.count) : text
    }
}
