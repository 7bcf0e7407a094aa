import Base

/// Reads a text of one document as `t.yaml`.
func read(_ text: String, limits: Limits = .manifest) throws(Problems) -> Node? {
    try readDocuments(Array(text.utf8), file: "t.yaml", limits: limits).first?.root
}

/// The value of a text as JSON, or the printed problems.
func json(of text: String) -> String {
    do throws(Problems) {
        return try read(text).map { String(decoding: $0.json(), as: UTF8.self) } ?? "nothing"
    } catch {
        return error.description
    }
}

/// The printed problems of a text, or an empty string.
func problems(of text: String, limits: Limits = .manifest) -> String {
    problems(of: Array(text.utf8), limits: limits)
}

/// The printed problems of a file, or an empty string.
func problems(of bytes: [UInt8], limits: Limits = .manifest) -> String {
    do throws(Problems) {
        _ = try readDocuments(bytes, file: "t.yaml", limits: limits)
        return ""
    } catch {
        return error.description
    }
}
