public struct Document: Sendable {
    /// The value, or `nil` if the document is empty apart from comments.
    public var root: Node?

    /// The number of the document within its file, starting at 1.
    public var index: Int

    /// The location of the value, or of the document's text if there is no value.
    public var location: SourceLocation
}

public struct InvalidDocument: Error, Sendable {
    public let problems: Problems

    /// The readable parts of the document, for finding further problems only; `nil` if reading stopped at a problem.
    var readable: Document?

    fileprivate init(_ problems: [Problem], readable: Document? = nil) {
        (self.problems, self.readable) = (Problems(problems), readable)
    }
}

/// Reads all documents of a YAML or JSON file, including documents without a value.
///
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

/// Reads all documents of a file, and the readable parts of documents with problems.
///
/// If there are problems, the documents serve only to find further problems.
public func readDocumentsAndProblems(
    _ bytes: [UInt8],
    file: String,
    limits: Limits = .manifest,
) -> (documents: [Document], problems: [Problem]) {
    var documents: [Document] = []
    var problems: [Problem] = []
    for result in readEachDocument(bytes, file: file, limits: limits) {
        switch result {
        case .success(let document): documents.append(document)
        case .failure(let invalid):
            problems += invalid.problems.all
            if let document = invalid.readable { documents.append(document) }
        }
    }
    return (documents, problems)
}

/// Reads each document of a file separately, so that an invalid document does not prevent reading the next one.
///
/// The file is split at its `---` lines before it is parsed, as in kubectl. A part that begins with `{` is read as one
/// or more JSON values or, if it is not valid JSON, as YAML.
public func readEachDocument(
    _ bytes: [UInt8],
    file: String,
    limits: Limits = .manifest,
) -> [Result<Document, InvalidDocument>] {
    if let problem = limits.tooLarge(bytes.count, file: file) { return [.failure(InvalidDocument([problem]))] }
    var splitter = DocumentSplitter(bytes, file: file)
    var results: [Result<Document, InvalidDocument>] = []
    while let part = splitter.next() {
        guard part.index <= 20_000 else {
            results.append(.failure(InvalidDocument([Problem("more than 20,000 documents", at: part.location)])))
            break
        }
        results += part.read(limits)
    }
    return results
}

/// A part of a file that is split at its `---` lines.
struct DocumentText: Sendable {
    /// The bytes, without the preceding marker line and without a byte-order mark.
    var bytes: ArraySlice<UInt8>

    var file: String

    /// The line, counted from 1, at which the text begins in the file.
    var line: Int

    /// The number of the first document of the text within its file, starting at 1.
    var index: Int

    /// The problem of the marker line before the text, which makes the document invalid.
    var problem: Problem?

    var location: SourceLocation {
        SourceLocation(file: file, position: SourceLocation.Position(line: line, column: 1))
    }

    /// Whether kubectl would read the text as JSON.
    private var startsWithBrace: Bool {
        bytes.first { $0 != 0x20 && !(0x09...0x0D).contains($0) } == UInt8(ascii: "{")
    }

    /// Reads the text: one YAML document, or one or more JSON values.
    func read(_ limits: Limits) -> [Result<Document, InvalidDocument>] {
        if let problem { return [.failure(InvalidDocument([problem]))] }
        guard startsWithBrace else { return [readYAML(limits)] }
        let documents = readJSON(limits)
        guard case .failure? = documents.last else { return documents }
        let asYAML = readYAML(limits)
        // In JSON, the first key is in quotes, or the first object is empty.
        let beginning = bytes.lazy.filter { $0 > 0x20 }.prefix(2)
        let looksLikeJSON = ["{\"", "{}"].contains { beginning.elementsEqual($0.utf8) }
        guard case .failure(let invalid) = asYAML, invalid.readable == nil, looksLikeJSON else { return [asYAML] }
        return documents
    }

    /// Reads the JSON values of the text, up to the first invalid one.
    private func readJSON(_ limits: Limits) -> [Result<Document, InvalidDocument>] {
        var reader = JSONReader(bytes, file: file, limits: limits, line: line)
        var documents: [Result<Document, InvalidDocument>] = []
        do throws(Problem) {
            while !reader.isAtEnd() {
                let location = reader.location()
                let root = try reader.read()
                if let problem = reader.problems.last { throw problem }
                documents.append(.success(Document(root: root, index: index + documents.count, location: location)))
            }
        } catch {
            documents.append(.failure(InvalidDocument(reader.problems + [error])))
        }
        return documents
    }

    private func readYAML(_ limits: Limits) -> Result<Document, InvalidDocument> {
        var composer = Composer(self, limits: limits)
        do throws(Problem) {
            let root = try composer.compose()
            let document = Document(root: root, index: index, location: root?.location ?? location)
            if composer.problems.isEmpty { return .success(document) }
            return .failure(InvalidDocument(composer.problems, readable: document))
        } catch {
            return .failure(InvalidDocument(composer.problems + [error]))
        }
    }
}
