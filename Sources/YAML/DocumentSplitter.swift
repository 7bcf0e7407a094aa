import Base

/// Splits a file at its `---` lines.
///
/// Documents are counted as in kubectl: there is no empty document between two consecutive marker lines. Directives
/// such as `%YAML 1.1` belong to the document after them, unlike in kubectl.
struct DocumentSplitter: Sendable {
    private let bytes: [UInt8]
    private let file: String
    private var offset: Int
    private var line = 1
    private var index = 0
    private var isStopped = false

    /// The offset of a marker line that follows directives and therefore does not end a document.
    private var ownMarker: Int?

    init(_ bytes: [UInt8], file: String) {
        self.bytes = bytes
        self.file = file
        offset = bytes.starts(with: Self.byteOrderMark) ? Self.byteOrderMark.count : 0
    }

    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// Makes ``next()`` return no further document.
    mutating func stop() {
        isStopped = true
    }

    /// Returns the text of the next document, or `nil` after the last one.
    mutating func next() -> DocumentText? {
        guard !isStopped, offset < bytes.count else { return nil }
        index += 1
        var text = DocumentText(bytes: [], file: file, line: line, index: index)
        if isMarker(endOfLine()) {
            text.problem = markerProblem()
            passLine()
            text.line = line
        }
        let start = offset
        let end = findEnd()
        text.bytes = withoutByteOrderMark(bytes[start..<end])
        text.isLast = offset >= bytes.count
        return text
    }

    /// Advances past the marker line that ends a document, and returns the end of the document's text.
    private mutating func findEnd() -> Int {
        var directives = DirectiveFinder()
        while offset < bytes.count {
            let lineEnd = endOfLine()
            guard isMarker(lineEnd), offset != ownMarker else {
                directives.pass(bytes[offset..<lineEnd], line: line)
                passLine()
                continue
            }
            switch directives.found {
            case .inDocument:
                directives = DirectiveFinder()
                ownMarker = offset
            case .afterDocument(let start, let startLine):
                ownMarker = offset
                (offset, line) = (start, startLine)
                return start
            case nil:
                let end = offset
                // A marker followed by text is kept, and makes the next document invalid.
                if markerProblem() == nil { passLine() }
                return end
            }
        }
        return bytes.count
    }

    private func endOfLine() -> Int {
        bytes[offset...].firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? bytes.count
    }

    private mutating func passLine() {
        offset = endOfLine()
        line += 1
    }

    private func isMarker(_ lineEnd: Int) -> Bool {
        bytes[offset..<lineEnd].starts(with: "---".utf8)
    }

    /// Returns the problem of a marker line with text after the `---`, which kubectl refuses.
    private func markerProblem() -> Problem? {
        let behind = bytes[(offset + 3)..<endOfLine()]
        guard let first = behind.firstIndex(where: { $0 > 0x20 }), bytes[first] != UInt8(ascii: "#") else { return nil }
        let place = SourceLocation(file: file, position: SourceLocation.Position(line: line, column: 1))
        let words = String(decoding: bytes[offset..<endOfLine()], as: UTF8.self).split { $0.isWhitespace }
        if words.count == 1, words[0].allSatisfy({ $0 == "-" }) {
            return Problem(
                "a document marker has three dashes, found \(words[0].count)",
                at: place,
                hint: "write '---'"
            )
        }
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

/// Finds directives, the lines with `%` before a document's marker line.
private struct DirectiveFinder {
    enum Found {
        /// Directives at the beginning of the document's own text.
        case inDocument
        /// Directives after the document's closing `...`, which belong to the next document.
        case afterDocument(offset: Int, line: Int)
    }

    private(set) var found: Found?
    private var isBetweenDocuments = true
    private var isAtStart = true

    /// Processes a line that is not a marker.
    mutating func pass(_ line: ArraySlice<UInt8>, line number: Int) {
        if line.starts(with: "...".utf8) {
            self = Self()
            isAtStart = false
            return
        }
        guard isBetweenDocuments, let first = line.first(where: { $0 > 0x20 }), first != UInt8(ascii: "#") else {
            return
        }
        if line.first == UInt8(ascii: "%") {
            found = found ?? (isAtStart ? .inDocument : .afterDocument(offset: line.startIndex, line: number))
        } else {
            isBetweenDocuments = false
            found = nil
        }
    }
}
