/// One document of a file.
public struct Document: Sendable, Hashable {
    /// The value, or `nil` for a document with nothing but comments.
    public var root: Node?

    /// The number of the document within its file, counted from 1 as kubectl splits the file.
    public var index: Int

    /// Where the document's value begins, or its text if it has none.
    public var place: Place

    /// Creates a document.
    public init(root: Node?, index: Int, place: Place) {
        self.root = root
        self.index = index
        self.place = place
    }
}

/// Reads all documents of a file.
///
/// - Parameters:
///   - bytes: The file, YAML or JSON.
///   - file: The name that places carry.
///   - limits: The sizes at which reading stops.
/// - Returns: The documents in their order, those without a value among them.
/// - Throws: ``Diagnostics`` with the problems of all documents. An empty file is not a problem.
public func readDocuments(
    _ bytes: [UInt8],
    file: String,
    limits: Limits = .manifest,
) throws(Diagnostics) -> [Document] {
    var reader = DocumentReader(bytes, file: file, limits: limits)
    var documents: [Document] = []
    var problems: [Diagnostic] = []
    while let result = reader.next() {
        switch result {
        case .success(let document): documents.append(document)
        case .failure(let failure): problems += failure.all
        }
    }
    guard problems.isEmpty else { throw Diagnostics(problems) }
    return documents
}
