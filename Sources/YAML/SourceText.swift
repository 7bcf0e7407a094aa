import Base

/// The text of a document, with access to its lines and to locations in the file.
struct SourceText {
    private let part: DocumentText
    private let lines: [ArraySlice<UInt8>]

    init(_ part: DocumentText) {
        self.part = part
        lines = part.bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    }

    /// Returns the location of a libyaml position.
    func location(_ position: EventMark) -> SourceLocation {
        SourceLocation(
            file: part.file,
            position: SourceLocation.Position(line: part.line + position.line, column: position.column + 1)
        )
    }

    func location(ofByte offset: Int) -> SourceLocation {
        var counter = LineCounter(part.bytes, line: part.line)
        return SourceLocation(file: part.file, position: counter.mark(of: part.bytes.startIndex + offset))
    }

    /// Returns a byte, or `nil` after the end.
    func byte(at offset: Int) -> UInt8? {
        part.bytes.dropFirst(offset).first
    }

    /// Returns a line, counted from zero, without its line break.
    func line(_ number: Int) -> Substring {
        guard lines.indices.contains(number) else { return "" }
        let line = lines[number].last == UInt8(ascii: "\r") ? lines[number].dropLast() : lines[number]
        return Substring(decoding: line, as: UTF8.self)
    }

    /// Returns the part of a line from a position to the end.
    func rest(from position: EventMark) -> Substring {
        let line = line(position.line)
        return line[index(in: line, position.column)...]
    }

    private func index(in line: Substring, _ column: Int) -> Substring.Index {
        line.unicodeScalars.index(line.startIndex, offsetBy: column, limitedBy: line.endIndex) ?? line.endIndex
    }

    /// Returns the number of leading spaces of a line, or `nil` for an empty line or a comment.
    func indentation(_ number: Int) -> Int? {
        let line = line(number)
        guard let first = line.firstIndex(where: { $0 != " " }), line[first] != "#" else { return nil }
        return line.distance(from: line.startIndex, to: first)
    }

    /// Returns the nearest line above the given line that is neither empty nor a comment.
    func line(above number: Int) -> Int? {
        (0..<min(number, lines.count)).last { indentation($0) != nil }
    }

    /// The lines of the file that probably have an anchor, by its name.
    var anchorLines: [String: [Int]] {
        lines.indices.reduce(into: [:]) { result, number in
            guard lines[number].contains(UInt8(ascii: "&")) else { return }
            let place = location(EventMark(line: number, column: 0)).position?.line ?? 0
            for word in line(number).split(whereSeparator: \.isWhitespace) where word.first == "&" {
                result[String(word.dropFirst()), default: []].append(place)
            }
        }
    }

    /// Returns whether only white space and comments follow a position.
    func isEnd(_ position: EventMark) -> Bool {
        let isLineOver = rest(from: position).allSatisfy { $0 == " " || $0 == "\t" }
        return isLineOver
            && (position.line + 1..<max(position.line + 1, lines.count)).allSatisfy { indentation($0) == nil }
    }

    /// The phrase for the end of the text in messages.
    var endInWords: String {
        let end = LineCounter.end(of: part.bytes, line: part.line)
        return "the end of the \(part.isLast ? "file" : "document") in line \(end.line), column \(end.column)"
    }
}
