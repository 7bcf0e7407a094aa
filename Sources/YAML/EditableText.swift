import Base

/// The lines of a text, with the changes that a ``SyntaxRepair`` makes to them.
struct EditableText {
    /// A change at one place.
    struct Change: Hashable {
        /// The line, counted from zero in the text that is changed.
        var line: Int
        /// The column, counted from zero in Unicode scalars.
        var column: Int
        /// How many Unicode scalars are replaced, all in this line.
        var count = 0
        /// The characters in their place, which may contain line feeds.
        var text: String

        /// Returns where a position of the changed text was before the change.
        func original(_ mark: EventMark) -> EventMark {
            guard mark.line >= line else { return mark }
            let addedCount = text.utf8.count { $0 == UInt8(ascii: "\n") }
            guard mark.line <= line + addedCount else {
                return EventMark(line: mark.line - addedCount, column: mark.column)
            }
            if mark.line == line, mark.column <= column { return mark }
            let addedLine = text.unicodeScalars.reversed().prefix { $0 != "\n" }
            let end = (addedCount == 0 ? column : 0) + addedLine.count
            let behind = mark.line == line + addedCount ? mark.column - end : -1
            return EventMark(line: line, column: behind < 0 ? column : column + count + behind)
        }
    }

    /// The lines without their line feeds.
    private(set) var lines: [[Unicode.Scalar]]

    /// The same lines in UTF-8, so that one that is not changed is not encoded again.
    private var encoded: [[UInt8]]

    init(_ bytes: ArraySlice<UInt8>) {
        let parts = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        encoded = parts.map(Array.init)
        lines = parts.map { Array(String(decoding: $0, as: UTF8.self).unicodeScalars) }
    }

    /// The text in UTF-8.
    var bytes: [UInt8] { Array(encoded.joined(separator: [UInt8(ascii: "\n")])) }

    /// Returns the text with some changes, of which no two are in the same line; only a single one may add lines.
    func changed(_ changes: [Change]) -> Self {
        var result = self
        for change in changes {
            var line = String.UnicodeScalarView(lines[change.line])
            let start = line.index(line.startIndex, offsetBy: change.column)
            line.replaceSubrange(start..<line.index(start, offsetBy: change.count), with: change.text.unicodeScalars)
            let parts = line.split(separator: "\n", omittingEmptySubsequences: false).map(Array.init)
            result.lines.replaceSubrange(change.line...change.line, with: parts)
            result.encoded.replaceSubrange(change.line...change.line, with: parts.map { Array(YAML.text($0).utf8) })
        }
        return result
    }

    /// Returns the column of the first character that is no space, or `nil` for an empty line or a comment.
    func indentation(_ number: Int) -> Int? {
        guard lines.indices.contains(number) else { return nil }
        let line = lines[number]
        guard let first = line.firstIndex(where: { $0 != " " && $0 != "\r" }), line[first] != "#" else { return nil }
        return first
    }

    /// Returns the column of the first character that is no space, also of a comment; `nil` for an empty line.
    func column(_ number: Int) -> Int? {
        guard lines.indices.contains(number) else { return nil }
        return lines[number].firstIndex { $0 != " " && $0 != "\r" }
    }

    /// Returns the nearest line above or below the given one that is neither empty nor a comment.
    func contentLine(from number: Int, by step: Int) -> Int? {
        var line = number + step
        while lines.indices.contains(line) {
            if indentation(line) != nil { return line }
            line += step
        }
        return nil
    }

    /// Returns the columns at which a line may begin: those of the blocks that are open above it, deepest first.
    func openIndentations(above number: Int) -> [Int] {
        var columns: [Int] = []
        var line = number
        while let above = contentLine(from: line, by: -1), let column = indentation(above) {
            line = above
            guard column < columns.last ?? .max else { continue }
            // The content of an item begins behind its '- '.
            var inner = column
            while lines[above].dropFirst(inner).starts(with: ["-", " "]),
                let next = lines[above].dropFirst(inner + 1).firstIndex(where: { $0 != " " })
            {
                columns.insert(next, at: columns.firstIndex { $0 < next } ?? columns.endIndex)
                inner = next
            }
            columns.append(column)
            if column == 0 { break }
        }
        return columns.unique().sorted(by: >)
    }
}

/// Returns characters as a text.
func text(_ scalars: some Sequence<Unicode.Scalar>) -> String {
    var view = String.UnicodeScalarView()
    view.append(contentsOf: scalars)
    return String(view)
}
