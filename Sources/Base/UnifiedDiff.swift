/// The differences between two lists of lines, in the format of `diff -u` without its two header lines.
///
/// The algorithm is from Eugene W. Myers, "An O(ND) Difference Algorithm and Its Variations". Texts that differ in more
/// than `editLimit` lines are shown as one replacement, so that the time stays linear in their length.
public struct UnifiedDiff: Sendable {
    /// The hunks: a line with `@@`, then lines that begin with a space, `-` or `+`.
    public let lines: [String]

    /// The maximum number of edits for which the shortest script is computed.
    static let editLimit = 1000

    /// Compares two texts; a final newline in only one of the texts is a difference too.
    ///
    /// - Parameters:
    ///   - old: The text before.
    ///   - new: The text after.
    ///   - contextCount: The number of equal lines around a difference.
    public init(from old: String, to new: String, contextCount: Int = 3) {
        self.init(from: Self.lines(of: old), to: Self.lines(of: new), contextCount: contextCount)
    }

    /// Splits a text into lines; if the last line has no newline, the marker of `diff` is appended to it on a new line.
    public static func lines(of text: String) -> [String] {
        var lines = parts(of: text)
        // The empty text after a final newline is not a line.
        guard let last = lines.popLast(), !last.isEmpty else { return lines }
        return lines + ["\(last)\n\\ No newline at end of file"]
    }

    /// Splits a text at its newlines; the text after the last newline is a part even if it is empty.
    ///
    /// A carriage return stays at the end of its line: its removal is a difference.
    public static func parts(of text: String) -> [String] {
        // The split is by bytes, because a carriage return and a newline are one Character.
        text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .map { String(Substring($0)) }
    }

    /// Compares two lists of lines.
    public init(from old: [String], to new: [String], contextCount: Int = 3) {
        let script = EditScript(from: old, to: new, limit: Self.editLimit)
        lines = script.hunks(contextCount: contextCount).flatMap { $0.lines(old, new) }
    }
}

/// The edits that turn one list of lines into another.
private struct EditScript {
    /// A run of equal or of differing lines, by their positions in both lists.
    struct Edit {
        var old: Range<Int>
        var new: Range<Int>
        var isEqual: Bool
    }

    private var edits: [Edit] = []

    init(from old: [String], to new: [String], limit: Int) {
        // Comparing numbers is faster than comparing texts.
        var numbers: [ExactText: Int] = [:]
        func number(_ line: String) -> Int {
            if let known = numbers[ExactText(line)] { return known }
            numbers[ExactText(line)] = numbers.count
            return numbers.count - 1
        }
        let (left, right) = (old.map(number), new.map(number))
        var start = 0
        while start < min(left.count, right.count), left[start] == right[start] { start += 1 }
        var end = 0
        while end < min(left.count, right.count) - start, left[left.count - 1 - end] == right[right.count - 1 - end] {
            end += 1
        }
        let (oldRange, newRange) = (start..<(left.count - end), start..<(right.count - end))
        add(0..<start, 0..<start, isEqual: true)
        let path = ShortestPath(left[oldRange], right[newRange], limit: limit)
        for step in path.steps ?? [.init(old: 0..<oldRange.count, new: 0..<newRange.count, isEqual: false)] {
            add(step.old.shifted(by: start), step.new.shifted(by: start), isEqual: step.isEqual)
        }
        add((left.count - end)..<left.count, (right.count - end)..<right.count, isEqual: true)
    }

    private mutating func add(_ old: Range<Int>, _ new: Range<Int>, isEqual: Bool) {
        guard !old.isEmpty || !new.isEmpty else { return }
        if let last = edits.indices.last, edits[last].isEqual == isEqual {
            edits[last].old = edits[last].old.lowerBound..<old.upperBound
            edits[last].new = edits[last].new.lowerBound..<new.upperBound
        } else {
            edits.append(Edit(old: old, new: new, isEqual: isEqual))
        }
    }

    /// Groups nearby differences into hunks, with equal lines around them.
    func hunks(contextCount: Int) -> [Hunk] {
        var hunks: [Hunk] = []
        for (index, edit) in edits.enumerated() where !edit.isEqual {
            let before = index > 0 ? edits[index - 1].old.count : 0
            let isNear = index > 1 && before <= 2 * contextCount
            if isNear, let last = hunks.indices.last {
                hunks[last].edits[hunks[last].edits.count - 1] = edits[index - 1]
                hunks[last].edits.append(edit)
            } else {
                let context = index > 0 ? [edits[index - 1].suffix(contextCount)] : []
                hunks.append(Hunk(edits: context + [edit]))
            }
            if index + 1 < edits.count, let last = hunks.indices.last {
                hunks[last].edits.append(edits[index + 1].prefix(contextCount))
            }
        }
        return hunks
    }
}

extension EditScript.Edit {
    fileprivate func prefix(_ count: Int) -> Self {
        Self(old: old.prefix(count), new: new.prefix(count), isEqual: isEqual)
    }

    fileprivate func suffix(_ count: Int) -> Self {
        Self(old: old.suffix(count), new: new.suffix(count), isEqual: isEqual)
    }
}

extension Range<Int> {
    fileprivate func shifted(by offset: Int) -> Self { lowerBound + offset..<upperBound + offset }
}

/// Nearby differences, with equal lines around them.
private struct Hunk {
    var edits: [EditScript.Edit]

    func lines(_ old: [String], _ new: [String]) -> [String] {
        var lines = ["@@ -\(range(edits.map(\.old))) +\(range(edits.map(\.new))) @@"]
        for edit in edits {
            if edit.isEqual {
                lines += edit.old.map { " \(old[$0])" }
            } else {
                lines += edit.old.map { "-\(old[$0])" } + edit.new.map { "+\(new[$0])" }
            }
        }
        // The marker of a missing newline is on a separate line.
        return lines.flatMap { line in
            line.utf8.contains(UInt8(ascii: "\n")) ? line.split(separator: "\n").map(String.init) : [line]
        }
    }

    /// The first line, counted from 1, and the number of lines; for an empty range, the line before it.
    private func range(_ ranges: [Range<Int>]) -> String {
        let start = ranges.first?.lowerBound ?? 0
        let count = ranges.reduce(0) { $0 + $1.count }
        if count == 1 { return String(start + 1) }
        return "\(count == 0 ? start : start + 1),\(count)"
    }
}

/// The shortest sequence of edits from one list to another, if it is not longer than a limit.
private struct ShortestPath {
    private(set) var steps: [EditScript.Edit]?

    init(_ old: ArraySlice<Int>, _ new: ArraySlice<Int>, limit: Int) {
        let (old, new) = (Array(old), Array(new))
        let reach = min(limit, old.count + new.count)
        // The furthest position in the old list on each diagonal; a diagonal is the difference of the two positions.
        let middle = reach + 1
        var furthest = Array(repeating: 0, count: 2 * reach + 3)
        var history: [[Int]] = []
        for count in 0...reach {
            history.append(Array(furthest[(middle - count - 1)...(middle + count + 1)]))
            for diagonal in stride(from: -count, through: count, by: 2) {
                let isDown = Self.isInsertion(diagonal, count, furthest, middle)
                var x = isDown ? furthest[middle + diagonal + 1] : furthest[middle + diagonal - 1] + 1
                while x < old.count, x - diagonal < new.count, old[x] == new[x - diagonal] { x += 1 }
                furthest[middle + diagonal] = x
                if x >= old.count, x - diagonal >= new.count {
                    steps = Self.trace(history, to: (old.count, new.count))
                    return
                }
            }
        }
    }

    /// Returns whether the best path to a diagonal ends with an insertion rather than a deletion.
    private static func isInsertion(_ diagonal: Int, _ count: Int, _ furthest: [Int], _ middle: Int) -> Bool {
        if diagonal == -count { return true }
        return diagonal != count && furthest[middle + diagonal - 1] < furthest[middle + diagonal + 1]
    }

    private static func trace(_ history: [[Int]], to end: (Int, Int)) -> [EditScript.Edit] {
        var (x, y) = end
        var steps: [EditScript.Edit] = []
        for count in history.indices.reversed() {
            let (furthest, middle) = (history[count], count + 1)
            let diagonal = x - y
            let isDown = isInsertion(diagonal, count, furthest, middle)
            let startX = count == 0 ? 0 : furthest[middle + (isDown ? diagonal + 1 : diagonal - 1)]
            let startY = count == 0 ? 0 : startX - (isDown ? diagonal + 1 : diagonal - 1)
            let (afterX, afterY) = count == 0 ? (0, 0) : isDown ? (startX, startY + 1) : (startX + 1, startY)
            if x > afterX { steps.append(.init(old: afterX..<x, new: afterY..<y, isEqual: true)) }
            if count > 0 { steps.append(.init(old: startX..<afterX, new: startY..<afterY, isEqual: false)) }
            (x, y) = (startX, startY)
        }
        return steps.reversed()
    }
}
