/// A position in a text, both numbers counted from one.
public struct Mark: Sendable, Hashable, Comparable {
    /// The line, the first being 1.
    public var line: Int

    /// The column in characters, the first being 1.
    public var column: Int

    /// Creates a position.
    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    /// Tells whether one position stands before another.
    public static func < (left: Self, right: Self) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}

/// A position in a named file.
public struct Place: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The file's path or URL, as it is shown to people.
    public var file: String

    /// The position, or `nil` for the file as a whole.
    public var mark: Mark?

    /// Creates a place.
    public init(file: String, mark: Mark? = nil) {
        self.file = file
        self.mark = mark
    }

    /// The place as `file:line:column`, which editors and terminals make a link of.
    public var description: String {
        guard let mark else { return file }
        return "\(file):\(mark.line):\(mark.column)"
    }

    /// Tells whether one place comes before another: by file, then by position.
    public static func < (left: Self, right: Self) -> Bool {
        guard left.file == right.file else { return left.file < right.file }
        guard let rightMark = right.mark else { return false }
        guard let leftMark = left.mark else { return true }
        return leftMark < rightMark
    }
}
