/// A document's text as its author sees it: lines with places.
struct SourceText {
    private let part: DocumentText
    private let lines: [ArraySlice<UInt8>]

    init(_ part: DocumentText) {
        self.part = part
        lines = part.bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    }

    /// The place of a position that libyaml tells.
    func place(_ mark: EventMark) -> Place {
        Place(file: part.file, mark: Mark(line: part.line + mark.line, column: mark.column + 1))
    }

    /// The place of a byte.
    func place(ofByte offset: Int) -> Place {
        var counter = LineCounter(part.bytes, line: part.line)
        return Place(file: part.file, mark: counter.mark(of: part.bytes.startIndex + offset))
    }

    /// A byte, or `nil` behind the end.
    func byte(at offset: Int) -> UInt8? {
        part.bytes.dropFirst(offset).first
    }

    /// A line counted from zero, without its end.
    func line(_ number: Int) -> Substring {
        guard lines.indices.contains(number) else { return "" }
        let line = lines[number].last == UInt8(ascii: "\r") ? lines[number].dropLast() : lines[number]
        return Substring(decoding: line, as: UTF8.self)
    }

    /// What a line has before a position.
    func beginning(to mark: EventMark) -> Substring {
        let line = line(mark.line)
        return line[..<index(in: line, mark.column)]
    }

    /// What a line has from a position on.
    func rest(from mark: EventMark) -> Substring {
        let line = line(mark.line)
        return line[index(in: line, mark.column)...]
    }

    private func index(in line: Substring, _ column: Int) -> Substring.Index {
        line.unicodeScalars.index(line.startIndex, offsetBy: column, limitedBy: line.endIndex) ?? line.endIndex
    }

    /// How many spaces a line begins with, or `nil` for one that has nothing but a comment.
    func indentation(_ number: Int) -> Int? {
        let line = line(number)
        guard let first = line.firstIndex(where: { $0 != " " }), line[first] != "#" else { return nil }
        return line.distance(from: line.startIndex, to: first)
    }

    /// The nearest line above that has more than a comment.
    func line(above number: Int) -> (number: Int, indentation: Int)? {
        for above in (0..<min(number, lines.count)).reversed() {
            if let indentation = indentation(above) { return (above, indentation) }
        }
        return nil
    }

    /// The indentations that a line may have: those of the lines above it which are open there, the deepest first.
    func indentations(above number: Int) -> [Int] {
        var depths: [Int] = []
        for above in (0..<min(number, lines.count)).reversed() {
            guard let depth = indentation(above), depth < depths.last ?? .max else { continue }
            depths.append(depth)
            if depth == 0 { break }
        }
        return depths
    }

    /// Whether nothing but white space and comments follows a position.
    func isEnd(_ mark: EventMark) -> Bool {
        let isLineOver = rest(from: mark).allSatisfy { $0 == " " || $0 == "\t" }
        return isLineOver && (mark.line + 1..<max(mark.line + 1, lines.count)).allSatisfy { indentation($0) == nil }
    }

    /// Where the text ends, in words.
    var endInWords: String {
        let end = LineCounter.end(of: part.bytes, line: part.line)
        return "the end of the \(part.isLast ? "file" : "document") in line \(end.line), column \(end.column)"
    }
}
