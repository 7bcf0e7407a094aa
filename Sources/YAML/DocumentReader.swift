/// Reads the documents of a file one by one, so that one that is broken does not stop the next.
///
/// The text is split at its `---` lines before it is parsed, as kubectl does. A part whose first character is `{` is
/// read as JSON, or as a stream of JSON values, and as YAML only where it is not JSON.
public struct DocumentReader: Sendable {
    private let file: String
    private let limits: Limits
    private var splitter: DocumentSplitter
    private var documentCount = 0

    /// What is known of the next documents already, the last one first.
    private var pending: [Result<Document, Diagnostics>] = []

    /// Starts to read a file.
    ///
    /// - Parameters:
    ///   - bytes: The file, YAML or JSON.
    ///   - file: The name that places carry.
    ///   - limits: The sizes at which reading stops, each with a diagnostic.
    public init(_ bytes: [UInt8], file: String, limits: Limits = .manifest) {
        self.file = file
        self.limits = limits
        splitter = DocumentSplitter(bytes, file: file)
        guard let problem = limits.tooLarge(bytes.count, file: file) ?? Self.otherEncoding(bytes, file: file) else {
            return
        }
        end(with: problem)
    }

    /// Reads the next document.
    ///
    /// - Returns: The document, or all that is wrong with it, or `nil` at the end of the file.
    public mutating func next() -> Result<Document, Diagnostics>? {
        if let known = pending.popLast() { return known }
        guard let part = splitter.next() else { return nil }
        pending = read(part).reversed()
        documentCount += pending.count
        if documentCount > limits.documentCount {
            end(with: limits.tooManyDocuments(at: part.place))
        }
        return pending.popLast()
    }

    private mutating func end(with problem: Diagnostic) {
        splitter.stop()
        pending = [.failure(Diagnostics([problem]))]
    }

    private func read(_ part: DocumentText) -> [Result<Document, Diagnostics>] {
        if let problem = part.problem { return [.failure(Diagnostics([problem]))] }
        guard part.startsWithBrace else { return [readYAML(part)] }
        let stream = JSONStream(part, limits: limits)
        guard let problem = stream.problem else { return stream.documents.map(Result.success) }
        let fallback = readYAML(part)
        if case .success = fallback { return [fallback] }
        return stream.looksLikeJSON ? stream.documents.map(Result.success) + [.failure(problem)] : [fallback]
    }

    private func readYAML(_ part: DocumentText) -> Result<Document, Diagnostics> {
        var composer = Composer(part, limits: limits)
        do throws(Diagnostic) {
            let root = try composer.compose()
            guard composer.problems.isEmpty else { return .failure(Diagnostics(composer.problems)) }
            return .success(Document(root: root, index: part.index, place: root?.place ?? part.place))
        } catch {
            return .failure(Diagnostics(composer.problems + [error]))
        }
    }

    /// Says how to convert a file that is not UTF-8 by its first bytes.
    private static func otherEncoding(_ bytes: [UInt8], file: String) -> Diagnostic? {
        guard bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) else { return nil }
        return Diagnostic(
            Place(file: file),
            "file is UTF-16 text, where UTF-8 is expected",
            hint: "convert it with 'iconv -f UTF-16 -t UTF-8'",
        )
    }
}
