import Base

/// Parses a task file, and returns the root of each document that can be parsed.
///
/// More than one document is a problem, and so is a file of another kind, such as an encrypted file.
func readTaskFileDocuments(_ file: SourceFile) -> (roots: [Node], problems: [Problem]) {
    if let format = ContentFormat.recognised(file.bytes, path: file.path), format.kind != .empty {
        return ([], [format.problem(path: file.path, expected: "a task file")])
    }
    let read = readDocumentsAndProblems(file.bytes, file: file.path, limits: .taskFile)
    let roots = read.documents.compactMap(\.root)
    guard roots.count > 1, let second = read.documents.last?.location else { return (roots, read.problems) }
    let problem = Problem(
        "'---' begins another document, and a task file has one",
        at: second,
        hint: "write what follows to a drop-in, such as bootstrap.d/NAME.yaml"
    )
    return (roots, [problem] + read.problems)
}
