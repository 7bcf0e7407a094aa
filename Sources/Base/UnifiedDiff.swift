/// The differences between two lists of lines, in the format of `diff -u` without its two header lines.
public struct UnifiedDiff: Sendable {
    /// The lines of all hunks: for each hunk a line with `@@`, then lines that begin with a space, `-`, `+` or `\`.
    public let lines: [String]

    /// Compares two texts; a final newline in only one of the texts is a difference too.
    public init(from old: String, to new: String, contextCount: Int = 3) {
        self.init(from: Self.lines(of: old), to: Self.lines(of: new), contextCount: contextCount)
    }

    /// Splits a text into lines; if the last line has no newline, the marker of `diff` is appended to it on a new line.
    ///
    /// A carriage return stays at the end of its line: its removal is a difference.
    private static func lines(of text: String) -> [String] {
        // The split is by bytes, because a carriage return and a newline are one Character.
        var lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .map { String(Substring($0)) }
        // The empty text after a final newline is not a line.
        guard let last = lines.popLast(), !last.isEmpty else { return lines }
        return lines + ["\(last)\n\\ No newline at end of file"]
    }

    /// Compares two lists of lines; up to `contextCount` equal lines are shown before and after each difference.
    public init(from old: [String], to new: [String], contextCount: Int = 3) {
        let rows = Self.rows(old, new)
        var hunks: [Range<Int>] = []
        for index in rows.indices where rows[index].mark != " " {
            let range = max(0, index - contextCount)..<min(rows.count, index + contextCount + 1)
            if let last = hunks.last, range.lowerBound <= last.upperBound {
                hunks[hunks.count - 1] = last.lowerBound..<range.upperBound
            } else {
                hunks.append(range)
            }
        }
        lines = hunks.flatMap { Self.lines(ofHunk: rows[$0]) }
    }

    /// A line of the old text, of the new text, or of both, with its position in each text.
    private struct Row {
        var mark: Character
        var text: String
        var old: Int
        var new: Int
    }

    private static func rows(_ old: [String], _ new: [String]) -> [Row] {
        // Each distinct line has a number, because comparing numbers is faster than comparing texts.
        var numbers: [ExactText: Int] = [:]
        func number(_ line: String) -> Int {
            if let known = numbers[ExactText(line)] { return known }
            numbers[ExactText(line)] = numbers.count
            return numbers.count - 1
        }
        let partners = partners(old.map(number), new.map(number))
        var rows: [Row] = []
        var (x, y) = (0, 0)
        while x < old.count || y < new.count {
            if x < old.count, partners[x] == nil {
                rows.append(Row(mark: "-", text: old[x], old: x, new: y))
                x += 1
            } else if x < old.count, partners[x] == y {
                rows.append(Row(mark: " ", text: old[x], old: x, new: y))
                (x, y) = (x + 1, y + 1)
            } else {
                rows.append(Row(mark: "+", text: new[y], old: x, new: y))
                y += 1
            }
        }
        return rows
    }

    private static func lines(ofHunk rows: ArraySlice<Row>) -> [String] {
        // An empty range begins with the number of the line before it.
        func range(_ start: Int, _ count: Int) -> String {
            count == 1 ? String(start + 1) : "\(count == 0 ? start : start + 1),\(count)"
        }
        let old = range(rows.first?.old ?? 0, rows.count { $0.mark != "+" })
        let new = range(rows.first?.new ?? 0, rows.count { $0.mark != "-" })
        // The marker of a missing newline is on a separate line.
        let lines = rows.flatMap { "\($0.mark)\($0.text)".utf8.split(separator: UInt8(ascii: "\n")) }
        return ["@@ -\(old) +\(new) @@"] + lines.map { String(Substring($0)) }
    }

    /// Returns for each old element the position of the matching new element, or `nil` if the element was removed.
    private static func partners(_ old: [Int], _ new: [Int]) -> [Int?] {
        var partners = [Int?](repeating: nil, count: old.count)
        let common = min(old.count, new.count)
        var start = 0
        while start < common, old[start] == new[start] {
            partners[start] = start
            start += 1
        }
        var end = 0
        while end < common - start, old[old.count - 1 - end] == new[new.count - 1 - end] {
            end += 1
            partners[old.count - end] = new.count - end
        }
        var last = EqualRun.last(Array(old[start..<old.count - end]), Array(new[start..<new.count - end]))
        while let run = last {
            for offset in 0..<run.count { partners[start + run.old + offset] = start + run.new + offset }
            last = run.previous
        }
        return partners
    }
}

/// A run of equal elements in two lists, linked to the run before it.
private final class EqualRun {
    let old: Int
    let new: Int
    let count: Int
    let previous: EqualRun?

    init(old: Int, new: Int, count: Int, previous: EqualRun?) {
        (self.old, self.new, self.count, self.previous) = (old, new, count, previous)
    }

    /// The maximum number of edits, which keeps the run time linear in the length of the lists.
    private static let editLimit = 1000

    /// Returns the last equal run of the shortest edit script, or `nil` if the script has none or exceeds the limit.
    ///
    /// The algorithm is from Eugene W. Myers, "An O(ND) Difference Algorithm and Its Variations".
    static func last(_ old: [Int], _ new: [Int]) -> EqualRun? {
        let reach = min(editLimit, old.count + new.count)
        // The furthest position in the old list on each diagonal; a diagonal is the difference of the two positions.
        let middle = reach + 1
        var ends = [(old: Int, run: EqualRun?)](repeating: (0, nil), count: 2 * reach + 3)
        for count in 0...reach {
            for diagonal in stride(from: middle - count, through: middle + count, by: 2) {
                let isInsertion =
                    diagonal == middle - count
                    || diagonal != middle + count && ends[diagonal - 1].old < ends[diagonal + 1].old
                var (end, run) = ends[isInsertion ? diagonal + 1 : diagonal - 1]
                if !isInsertion { end += 1 }
                let start = end
                let shift = middle - diagonal
                while end < old.count, end + shift < new.count, old[end] == new[end + shift] { end += 1 }
                if end > start { run = EqualRun(old: start, new: start + shift, count: end - start, previous: run) }
                ends[diagonal] = (end, run)
                if end >= old.count, end + shift >= new.count { return run }
            }
        }
        return nil
    }
}
