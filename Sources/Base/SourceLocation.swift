/// A position in a named file, or the file as a whole.
public struct SourceLocation: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// A position in a text; lines and columns start at 1.
    public struct Position: Sendable, Hashable, Comparable {
        public var line: Int

        /// The column in Unicode scalars.
        public var column: Int

        public init(line: Int, column: Int) {
            self.line = line
            self.column = column
        }

        public static func < (left: Self, right: Self) -> Bool {
            (left.line, left.column) < (right.line, right.column)
        }
    }

    /// The file's path or URL, as it is printed.
    public var file: String

    /// The position, or `nil` for the file as a whole.
    public var position: Position?

    public init(file: String, position: Position? = nil) {
        self.file = file
        self.position = position
    }

    /// The location as `file:line:column`, or as `file` without a position.
    public var description: String {
        guard let position else { return file }
        return "\(file):\(position.line):\(position.column)"
    }

    /// Orders locations by file, then by position; a file as a whole comes before its positions.
    public static func < (left: Self, right: Self) -> Bool {
        guard left.file == right.file else { return left.file < right.file }
        guard let rightPosition = right.position else { return false }
        guard let leftPosition = left.position else { return true }
        return leftPosition < rightPosition
    }
}
