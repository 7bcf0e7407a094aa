/// Splits a file at its `---` lines.
///
/// It counts as kubectl does: of two marker lines with nothing between them, the second belongs to the document that
/// it begins, so that no empty document stands between them. Directives such as `%YAML 1.1` go with the document that
/// they are written before, which kubectl cannot do.
struct DocumentSplitter: Sendable {
    private let bytes: [UInt8]
    private let file: String
    private var offset: Int
    private var line = 1
    private var index = 0
    private var isStopped = false

    /// A marker that stands behind directives and so does not end a document.
    private var ownMarker: Int?

    init(_ bytes: [UInt8], file: String) {
        self.bytes = bytes
        self.file = file
        offset = bytes.starts(with: Self.byteOrderMark) ? Self.byteOrderMark.count : 0
    }

    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// Ends the splitting before the end of the file.
    mutating func stop() {
        isStopped = true
    }

    /// The next document's text, or `nil` after the last one.
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

    /// Goes on behind the marker line that ends a document, and answers where the document's text ends.
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
            case .behindDocument(let start, let startLine):
                ownMarker = offset
                (offset, line) = (start, startLine)
                return start
            case nil:
                let end = offset
                // A marker with text behind it stays, for the document that it spoils.
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

    /// What is wrong with the marker line that comes next: kubectl refuses text behind the `---`.
    private func markerProblem() -> Diagnostic? {
        let behind = bytes[(offset + 3)..<endOfLine()]
        guard let first = behind.firstIndex(where: { $0 > 0x20 }), bytes[first] != UInt8(ascii: "#") else { return nil }
        let before = bytes[offset..<first].count
        return Diagnostic(
            Place(file: file, mark: Mark(line: line, column: before + 1)),
            "text stands behind the document marker '---'",
            hint: "write it on the next line, or indent the line if it belongs to the text before it",
        )
    }

    private func withoutByteOrderMark(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        text.starts(with: Self.byteOrderMark) ? text.dropFirst(Self.byteOrderMark.count) : text
    }
}

/// Finds the `%` lines that a marker line may follow.
private struct DirectiveFinder {
    enum Found {
        /// The document has nothing before them, so that they are its own.
        case inDocument
        /// They stand behind the document and its `...`, so that they are the next one's.
        case behindDocument(offset: Int, line: Int)
    }

    private(set) var found: Found?
    private var isBetweenDocuments = true
    private var isAtStart = true

    /// Looks at a line that is no marker.
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
            found = found ?? (isAtStart ? .inDocument : .behindDocument(offset: line.startIndex, line: number))
        } else {
            isBetweenDocuments = false
            found = nil
        }
    }
}
