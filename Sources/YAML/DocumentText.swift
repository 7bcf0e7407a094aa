import Base

/// The text between two `---` lines.
public struct DocumentText: Sendable {
    /// The bytes, without the marker line before them and without a byte-order mark.
    var bytes: ArraySlice<UInt8>

    /// The file that the text is part of.
    var file: String

    /// The line of the file, counted from 1, in which the text begins.
    var line: Int

    /// The number of the document, starting at 1 as in kubectl.
    var index: Int

    /// Whether the file ends with this text.
    var isLast = false

    /// The problem that makes the document invalid regardless of its text.
    var problem: Problem?

    /// Reads the document that the text was read as before.
    ///
    /// - Returns: The value, as the ``Document`` had it.
    public func root() -> Node? {
        var reader = DocumentReader(self)
        guard case .success(let document) = reader.next() else { return nil }
        return document.root
    }

    /// The location of the first line.
    var location: SourceLocation {
        SourceLocation(file: file, position: SourceLocation.Position(line: line, column: 1))
    }

    /// Whether kubectl would read the text as JSON.
    var startsWithBrace: Bool {
        bytes.first { $0 != 0x20 && !(0x09...0x0D).contains($0) } == UInt8(ascii: "{")
    }
}
