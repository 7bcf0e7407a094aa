/// The text between two `---` lines.
struct DocumentText: Sendable {
    /// The bytes, without the marker line before them and without a byte-order mark.
    var bytes: ArraySlice<UInt8>

    /// The file that the text is part of.
    var file: String

    /// The line of the file, counted from 1, in which the text begins.
    var line: Int

    /// The number of the document, counted from 1 as kubectl does.
    var index: Int

    /// Whether the file ends with this text.
    var isLast = false

    /// What makes the document unreadable whatever it contains.
    var problem: Diagnostic?

    /// Where the text begins.
    var place: Place { Place(file: file, mark: Mark(line: line, column: 1)) }

    /// Whether kubectl would take the text for JSON.
    var startsWithBrace: Bool {
        bytes.first { $0 != 0x20 && !(0x09...0x0D).contains($0) } == UInt8(ascii: "{")
    }
}
