/// One document of a file.
public struct Document: Sendable {
    /// The value, or `nil` for a document that has only comments.
    public var root: Node?

    /// The number of the document within its file, starting at 1 and counted as in kubectl.
    public var index: Int

    /// The location of the value, or of the document's text if there is no value.
    public var location: SourceLocation
}

/// A document with problems.
public struct InvalidDocument: Error, Sendable {
    /// The problems, at least one.
    public let problems: Problems

    /// The document with what could be read in spite of the problems, such as keys that are set twice.
    ///
    /// It serves to find the other problems of the same document, and for nothing else.
    public var readable: Document?
}

/// Reads all documents of a file.
///
/// - Parameters:
///   - bytes: The file, YAML or JSON.
///   - file: The file name in locations.
///   - limits: The limits beyond which reading stops.
/// - Returns: The documents in order, including those without a value.
/// - Throws: ``Base/Problems`` with the problems of all documents. An empty file is not a problem.
public func readDocuments(
    _ bytes: [UInt8],
    file: String,
    limits: Limits = .manifest,
) throws(Problems) -> [Document] {
    let (documents, problems) = readDocumentsAndProblems(bytes, file: file, limits: limits)
    guard problems.isEmpty else { throw Problems(problems) }
    return documents
}

/// Reads all documents of a file, those with problems as far as they can be read.
///
/// - Parameters:
///   - bytes: The file, YAML or JSON.
///   - file: The file name in locations.
///   - limits: The limits beyond which reading stops.
/// - Returns: The documents in order, and all problems; with a problem, the documents serve to find further ones only.
public func readDocumentsAndProblems(
    _ bytes: [UInt8],
    file: String,
    limits: Limits = .manifest,
) -> (documents: [Document], problems: [Problem]) {
    var reader = DocumentReader(bytes, file: file, limits: limits)
    var documents: [Document] = []
    var problems: [Problem] = []
    while let result = reader.next() {
        switch result {
        case .success(let document): documents.append(document)
        case .failure(let invalid):
            problems += invalid.problems.all
            if let document = invalid.readable { documents.append(document) }
        }
    }
    return (documents, problems)
}

/// The part of a file between two `---` lines.
struct DocumentText: Sendable {
    /// The bytes, without the preceding marker line and without a byte-order mark.
    var bytes: ArraySlice<UInt8>

    /// The name of the file that contains the text.
    var file: String

    /// The line, counted from 1, at which the text begins in the file.
    var line: Int

    /// The number of the document, starting at 1 as in kubectl.
    var index: Int

    /// The problem of the marker line before the text, which makes the document invalid.
    var problem: Problem?

    /// The location of the first line.
    var location: SourceLocation {
        SourceLocation(file: file, position: SourceLocation.Position(line: line, column: 1))
    }

    /// Whether kubectl would read the text as JSON.
    var startsWithBrace: Bool {
        bytes.first { $0 != 0x20 && !(0x09...0x0D).contains($0) } == UInt8(ascii: "{")
    }
}
