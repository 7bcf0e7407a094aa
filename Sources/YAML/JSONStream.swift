import Base

/// The JSON values of a text, up to the first invalid one.
struct JSONStream {
    private(set) var documents: [Document] = []

    /// The problems of the text as JSON.
    private(set) var problem: Problems?

    /// Whether the text is meant to be JSON: its first key is in quotes, or it has none.
    let looksLikeJSON: Bool

    init(_ part: DocumentText, limits: Limits) {
        let beginning = part.bytes.lazy.filter { $0 > 0x20 }.prefix(2)
        looksLikeJSON = ["{\"", "{}"].contains { beginning.elementsEqual($0.utf8) }
        var reader = JSONReader(part.bytes, file: part.file, limits: limits, line: part.line)
        do throws(Problem) {
            while !reader.isAtEnd() {
                let location = reader.location()
                let root = try reader.read()
                guard reader.problems.isEmpty else { break }
                documents.append(Document(root: root, index: part.index + documents.count, location: location))
                guard documents.count <= limits.documentCount else { return }
            }
            problem = reader.problems.isEmpty ? nil : Problems(reader.problems)
        } catch {
            problem = Problems(reader.problems + [error])
        }
    }
}
