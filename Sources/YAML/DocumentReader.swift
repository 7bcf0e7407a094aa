public import Base

/// Reads the documents of a file one by one, so that an invalid document does not prevent reading the next.
///
/// The file is split at its `---` lines before it is parsed, as in kubectl. A part that begins with `{` is read as one
/// or more JSON values or, if it is not valid JSON, as YAML.
public struct DocumentReader: Sendable {
    private let file: String
    private let limits: Limits
    private var splitter: DocumentSplitter
    private var documentCount = 0

    /// The documents that have been read but not returned, in reverse order.
    private var pending: [Result<Document, Problems>] = []

    /// Starts reading a file.
    ///
    /// - Parameters:
    ///   - bytes: The file, YAML or JSON.
    ///   - file: The file name in locations.
    ///   - limits: The limits beyond which reading stops with a problem.
    public init(_ bytes: [UInt8], file: String, limits: Limits = .manifest) {
        self.file = file
        self.limits = limits
        splitter = DocumentSplitter(bytes, file: file)
        guard let problem = limits.tooLarge(bytes.count, file: file) ?? Self.otherEncoding(bytes, file: file) else {
            return
        }
        end(with: problem)
    }

    /// Starts reading the text of a single document, for a second time.
    init(_ text: DocumentText) {
        (file, limits) = (text.file, .manifest)
        splitter = DocumentSplitter([], file: text.file)
        pending = read(text)
    }

    /// Reads the next document.
    ///
    /// - Returns: The document or its problems, or `nil` at the end of the file.
    public mutating func next() -> Result<Document, Problems>? {
        if let known = pending.popLast() { return known }
        guard let part = splitter.next() else { return nil }
        pending = read(part).reversed()
        documentCount += pending.count
        if documentCount > limits.documentCount {
            end(with: limits.tooManyDocuments(at: part.location))
        }
        return pending.popLast()
    }

    private mutating func end(with problem: Problem) {
        splitter.stop()
        pending = [.failure(Problems([problem]))]
    }

    private func read(_ part: DocumentText) -> [Result<Document, Problems>] {
        if let problem = part.problem { return [.failure(Problems([problem]))] }
        guard part.startsWithBrace else { return [readYAML(part)] }
        let stream = JSONStream(part, limits: limits)
        guard let problem = stream.problem else {
            guard var document = stream.documents.first, stream.documents.count == 1 else {
                return stream.documents.map(Result.success)
            }
            document.text = part
            return [.success(document)]
        }
        let fallback = readYAML(part)
        if case .success = fallback { return [fallback] }
        return stream.looksLikeJSON ? stream.documents.map(Result.success) + [.failure(problem)] : [fallback]
    }

    private func readYAML(_ part: DocumentText) -> Result<Document, Problems> {
        var composer = Composer(part, limits: limits)
        do throws(Problem) {
            let root = try composer.compose()
            guard composer.problems.isEmpty else { return .failure(Problems(composer.problems)) }
            let location = root?.location ?? part.location
            return .success(Document(root: root, index: part.index, location: location, text: part))
        } catch {
            return .failure(Problems(composer.problems + [error]))
        }
    }

    /// Returns the problem of a UTF-16 file, `nil` for other files.
    private static func otherEncoding(_ bytes: [UInt8], file: String) -> Problem? {
        guard bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) else { return nil }
        return Problem(
            "file is UTF-16 text, where UTF-8 is expected",
            at: SourceLocation(file: file),
            hint: "convert it with 'iconv -f UTF-16 -t UTF-8'"
        )
    }
}
