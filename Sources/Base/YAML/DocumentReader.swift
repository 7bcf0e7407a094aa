/// Reads the documents of a file one by one, so that an invalid document does not prevent reading the next.
///
/// The file is split at its `---` lines before it is parsed, as in kubectl. A part that begins with `{` is read as one
/// or more JSON values or, if it is not valid JSON, as YAML.
public struct DocumentReader: Sendable {
    private let file: String
    private let limits: Limits
    private var splitter: DocumentSplitter

    /// The documents that have been read but not returned, in reverse order.
    private var pending: [Result<Document, InvalidDocument>] = []

    /// Starts reading a file.
    ///
    /// - Parameters:
    ///   - bytes: The file, YAML or JSON.
    ///   - file: The file name in locations.
    ///   - limits: The limits beyond which reading stops with a problem.
    public init(_ bytes: [UInt8], file: String, limits: Limits = .manifest) {
        self.file = file
        self.limits = limits
        let problem = limits.tooLarge(bytes.count, file: file)
        splitter = DocumentSplitter(problem == nil ? bytes : [], file: file)
        if let problem { pending = [.failure(InvalidDocument(problems: Problems([problem])))] }
    }

    /// Reads the next document.
    ///
    /// - Returns: The document or its problems, or `nil` at the end of the file.
    public mutating func next() -> Result<Document, InvalidDocument>? {
        if let known = pending.popLast() { return known }
        guard let part = splitter.next() else { return nil }
        pending = read(part).reversed()
        return pending.popLast()
    }

    private func read(_ part: DocumentText) -> [Result<Document, InvalidDocument>] {
        if let problem = part.problem { return [.failure(InvalidDocument(problems: Problems([problem])))] }
        guard part.startsWithBrace else { return [readYAML(part)] }
        let documents = readJSON(part)
        guard case .failure? = documents.last else { return documents }
        let asYAML = readYAML(part)
        // In JSON the first key is in quotes, or the first object is empty.
        let beginning = part.bytes.lazy.filter { $0 > 0x20 }.prefix(2)
        let looksLikeJSON = ["{\"", "{}"].contains { beginning.elementsEqual($0.utf8) }
        guard case .failure(let invalid) = asYAML, invalid.readable == nil, looksLikeJSON else { return [asYAML] }
        return documents
    }

    /// Reads the JSON values of a text, up to the first invalid one.
    private func readJSON(_ part: DocumentText) -> [Result<Document, InvalidDocument>] {
        var reader = JSONReader(part.bytes, file: part.file, limits: limits, line: part.line)
        var documents: [Result<Document, InvalidDocument>] = []
        do throws(Problem) {
            while !reader.isAtEnd() {
                let location = reader.location()
                let root = try reader.read()
                if let problem = reader.problems.last { throw problem }
                let index = part.index + documents.count
                documents.append(.success(Document(root: root, index: index, location: location)))
            }
        } catch {
            documents.append(.failure(InvalidDocument(problems: Problems(reader.problems + [error]))))
        }
        return documents
    }

    private func readYAML(_ part: DocumentText) -> Result<Document, InvalidDocument> {
        var composer = Composer(part, limits: limits)
        do throws(Problem) {
            let root = try composer.compose()
            let location = root?.location ?? part.location
            let document = Document(root: root, index: part.index, location: location)
            if composer.problems.isEmpty { return .success(document) }
            return .failure(InvalidDocument(problems: Problems(composer.problems), readable: document))
        } catch {
            return .failure(InvalidDocument(problems: Problems(composer.problems + [error])))
        }
    }
}
